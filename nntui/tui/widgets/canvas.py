"""The one widget that draws pictures: line by line, and only what changed."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.events import Resize
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from nntui.tui.render.ascii import to_ascii
from nntui.tui.render.picture import Picture, Row, Style, cell_width
from nntui.tui.themes import palette

NEAR = 6
"""Unchanged cells between two runs of changes that are sent along."""


class Canvas(Widget):
    """Shows a :data:`Picture`; what does not fit is cut, what is missing stays blank.

    Either an owner calls :meth:`show`, or a subclass overrides :meth:`paint`.
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._picture: Picture = ()
        self._rich: dict[Style, RichStyle] = {}
        self._painting = False

    @property
    def picture(self) -> Picture:
        """What is shown."""
        return self._picture

    def paint(self, width: int, height: int) -> Picture:
        """The picture for a size; called when the size changes. The default keeps what is shown."""
        return self._picture

    def show(self, picture: Picture) -> None:
        """Show a picture, redrawing only the cells of rows that differ from the last one."""
        if getattr(self.app, "ascii_only", False):
            picture = to_ascii(picture)
        before, self._picture = self._picture, picture
        if not self.is_attached:
            return
        width, height = self.size
        regions = []
        for y in range(min(height, max(len(before), len(picture)))):
            old = before[y] if y < len(before) else ()
            new = picture[y] if y < len(picture) else ()
            if old is not new and old != new:
                for start, end in changes(old, new):
                    if start < width:
                        regions.append(Region(start, y, min(end, width) - start, 1))
        if regions:
            self.refresh(*regions)

    def on_resize(self, event: Resize) -> None:
        """Paint for the new size inside the border, which is not the event's."""
        self.show(self.paint(*self.size))

    def notify_style_update(self) -> None:
        """The theme or the styles changed: so did what roles mean."""
        super().notify_style_update()
        self._rich.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render for the screen, where the places that a selection needs are left out."""
        self.fresh()
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def fresh(self) -> None:
        """Before lines are rendered: the last chance to bring the picture up to date."""

    def render_line(self, y: int) -> Strip:
        """One row; when asked for what lies under the pointer, with the place of each span."""
        row = self._picture[y] if y < len(self._picture) else ()
        base = self._style(Style())
        if (selection := self.text_selection) is not None and (span := selection.get_span(y)) is not None:
            segments = self._selected(row, *span)
        else:
            segments = [Segment(span.text, self._style(span.style)) for span in row]
        strip = Strip(segments).adjust_cell_length(self.size.width, base)
        # Only the pointer's question needs them, and they would cost each redraw new styles.
        return strip if self._painting else strip.apply_offsets(0, y)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected characters."""
        lines = ["".join(span.text for span in row).rstrip() for row in self._picture]
        return selection.extract("\n".join(lines)), "\n"

    def _selected(self, row: Row, start: int, end: int) -> list[Segment]:
        """A row of which the characters from `start` to `end` (-1: the last) are selected."""
        mark = self.screen.get_component_rich_style("screen--selection", partial=True)
        segments: list[Segment] = []
        at = 0
        for span in row:
            size = len(span.text)
            a = min(max(start - at, 0), size)
            b = size if end < 0 else min(max(end - at, a), size)
            style = self._style(span.style)
            parts = ((span.text[:a], style), (span.text[a:b], style + mark), (span.text[b:], style))
            segments += [Segment(part, look) for part, look in parts if part]
            at += size
        return segments

    def _style(self, style: Style) -> RichStyle:
        """The style with its roles resolved, on the widget's own colors."""
        found = self._rich.get(style)
        if found is None:
            ground = self.visual_style.background
            solid = ground is not None and ground.a > 0 and ground.ansi is None
            colors = palette(self.app, ground.hex6 if ground is not None and solid else None)
            base = self.visual_style.rich_style
            # A level of a scale over a ground of its own is half of a block, all else a character that must be seen.
            fg = None
            if style.fg and style.bg:
                fg = colors.ink(style.fg) if ":" in style.fg else colors.mark(style.fg, style.bg)
            elif style.fg:
                fg = colors.color(style.fg)
            bg = colors.color(style.bg) if style.bg else None
            if style.dim and not colors.ansi:
                fg = colors.faded(fg or colors.color("text"))
            found = self._rich[style] = base + RichStyle(
                color=fg,
                bgcolor=bg,
                bold=style.bold or None,
                dim=(style.dim and colors.ansi) or None,
                underline=style.underline or None,
                reverse=style.reverse or None,
            )
        return found


def changes(old: Row, new: Row) -> list[tuple[int, int]]:
    """The runs of cells, from and to, outside of which two different rows are alike.

    Runs that are close to each other are one: moving the cursor costs as much as a few cells.
    """
    before, after = _cells(old), _cells(new)
    size = max(len(before), len(after))
    before += [None] * (size - len(before))
    after += [None] * (size - len(after))
    out: list[tuple[int, int]] = []
    for x, (a, b) in enumerate(zip(before, after, strict=True)):
        if a != b:
            if out and x - out[-1][1] <= NEAR:
                out[-1] = (out[-1][0], x + 1)
            else:
                out.append((x, x + 1))
    return out


Cell = tuple[str, Style, int] | None


def _cells(row: Row) -> list[Cell]:
    """What each cell shows: character, style, and which cell of the character it is."""
    out: list[Cell] = []
    for span in row:
        if span.text.isascii():
            out += [(c, span.style, 0) for c in span.text]
            continue
        for c in span.text:
            w = cell_width(c)
            if w == 0 and out and (last := out[-1]) is not None:
                # A combining mark belongs to the cell before it.
                out[-1] = (last[0] + c, last[1], last[2])
            out += [(c, span.style, k) for k in range(w)]
    return out
