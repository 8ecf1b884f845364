"""A band a layer: maps and units of one sample."""

from itertools import pairwise

import numpy as np
import pytest

from nntui.tui.render.bands import Band, bands
from nntui.tui.render.picture import plain, row_width

FACE = np.linspace(0, 1, 64).reshape(1, 8, 8)
LAYERS = [
    Band("input", FACE, "1×8×8", palette="ink"),
    Band("conv", np.random.default_rng(0).normal(size=(16, 8, 8)), "16×8×8"),
    Band("pool", np.random.default_rng(1).normal(size=(16, 4, 4)), "16×4×4"),
    Band("hidden", np.array([-2.0, 0.0, 1.0]), "3"),
    Band("output", None, "10"),
]
SIZES = [(0, 0), (1, 1), (3, 2), (12, 4), (20, 9), (44, 20), (44, 60), (120, 36)]


def styles(picture, row):
    return [(span.style.fg or span.style.bg) for span in picture[row] for _ in span.text]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
def test_every_size_is_filled(size, ascii):  # noqa: A002
    width, height = size
    for layers in ([], LAYERS[:1], LAYERS, LAYERS * 9):
        picture = bands(layers, width, height, ascii)
        assert [row_width(r) for r in picture] == [width] * height
        assert not ascii or "▄" not in plain(picture)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e308, 0.0])
def test_no_values_are_too_bad_to_draw(bad):
    layers = [Band("maps", np.full((2, 4, 4), bad), "2×4×4"), Band("units", np.full(3, bad), "3")]
    layers += [Band("none", np.zeros(0), "0"), Band("flat", np.zeros((2, 0, 4)), "2×0×4")]
    assert [row_width(r) for r in bands(layers, 40, 12)] == [40] * 12


def test_each_layer_tells_its_name_shape_and_scale():
    lines = plain(bands(LAYERS, 44, 20)).splitlines()
    starts = {line.split()[0]: line for line in lines if line and line[0].isalpha()}
    assert list(starts) == [b.title for b in LAYERS]
    assert starts["hidden"].endswith("3 ±2")
    assert starts["input"].endswith("1×8×8")
    assert "±" not in starts["output"]


def test_maps_take_as_many_rows_as_there_is_room_for():
    def first_of(name, height):
        lines = plain(bands(LAYERS, 100, height)).splitlines()
        return next(k for k, line in enumerate(lines) if line.startswith(name))

    assert first_of("pool", 14) - first_of("conv", 14) == 4  # 8 points, two a row
    assert first_of("pool", 25) - first_of("conv", 25) == 8  # twice as large
    assert first_of("pool", 30) - first_of("conv", 30) == 9  # and a line between
    assert first_of("pool", 6) - first_of("conv", 6) == 1


def test_units_are_colored_by_sign_and_size():
    picture = bands([LAYERS[3]], 44, 1)
    shown = [s for s in styles(picture, 0) if s is not None and s.startswith("scale")]
    assert list(dict.fromkeys(shown)) == ["scale:-8", "scale:4"]
    # Between them is nothing: 0 is the ground, whatever the terminal's colors are.
    drawn = plain(picture).rstrip().split("▄" * 4)
    assert [len(part) for part in drawn[:2]][1] == 4


def test_more_layers_than_rows_are_counted():
    assert plain(bands(LAYERS * 3, 44, 6)).splitlines()[-1] == "… 10 more layers"


def test_pictures_are_ink_and_maps_are_signed():
    picture = bands(LAYERS[:2], 100, 20)
    assert {s.partition(":")[0] for s in styles(picture, 1) if s and ":" in s} == {"ink"}
    last = max(k for k in range(20) if any(s and s.startswith("scale") for s in styles(picture, k)))
    assert {s.partition(":")[0] for s in styles(picture, last) if s and ":" in s} == {"scale"}


@pytest.mark.parametrize(("width", "height"), [(68, 18), (50, 17), (40, 12), (100, 30), (30, 8), (24, 5)])
@pytest.mark.parametrize("ascii", [False, True])
def test_as_many_are_drawn_as_it_says(width, height, ascii):  # noqa: A002
    """Of maps, counted by the gaps between them, each of which is full; of units by their cells."""
    layers = [
        Band("maps", np.ones((16, 4, 4)), "16×4×4", total=16),
        Band("units", np.ones(64), "90", total=90),
        Band("few", np.ones(2), "2", total=2),
    ]
    picture = bands(layers, width, height, ascii)
    lines = plain(picture).splitlines()
    for layer in layers:
        k = next(k for k, line in enumerate(lines) if line.startswith(layer.title))
        full = [bool(s and s.startswith("scale")) for s in styles(picture, k)]
        words = lines[k].split()
        shape, total = layer.shape, layer.total
        found = sum(b and not a for a, b in pairwise([False, *full]))
        if layer.answers.ndim == 1:
            found = sum(full)
        if f"of {shape}" in lines[k]:
            assert int(words[words.index("of") - 1]) == found < total
        elif f"/{total}" in lines[k]:
            assert next(w for w in words if w.endswith(f"/{total}")) == f"{found}/{total}"
        else:
            assert found >= total or width < 30  # there is no room to say so


def test_names_and_brackets_stand_apart():
    lines = plain(bands([Band("maxpool2d1", np.ones((2, 4, 4)), "2×4×4")], 60, 4)).splitlines()
    assert lines[0].startswith("maxpool2d1 ╭")


def test_maps_are_not_so_large_that_fewer_than_four_stand_in_a_row():
    band = Band("conv", np.random.default_rng(0).normal(size=(16, 8, 8)), "16×8×8", total=16)
    larger = set()
    for width in (60, 80, 87, 88, 105, 119, 120):
        rows = plain(bands([band, Band("out", np.ones(2), "2", total=2)], width, 40)).splitlines()
        high = next(k for k, row in enumerate(rows) if row.startswith("out"))
        shown = int(rows[0].split(" of ")[0].split()[-1]) if " of " in rows[0] else 16
        if high > 6:
            larger.add(high)
            assert shown >= 4, width
    assert len(larger) > 1
