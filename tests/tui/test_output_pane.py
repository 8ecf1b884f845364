"""The output pane: which views there are, residuals, labels, classes, and what lies in the plane."""

import dataclasses

import numpy as np
import pytest

from nntui.protocol.commands import Want
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import Curve
from nntui.statistics.labels import Labels
from nntui.statistics.residuals import Residuals
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.tui.caps import Caps
from nntui.tui.panes.output import OutputPane
from nntui.tui.render.picture import plain
from nntui.tui.render.scatter import residuals
from tests.tui.fakes import hello, info, items, stats, status, watching
from tests.tui.outputs import go, state


@pytest.mark.parametrize(
    ("kind", "views"),
    [
        ("plane", ()),
        ("curve", ("curve", "residuals")),
        ("table", ("sample", "confusion", "classes", "scatter")),
        ("picture", ("sample", "numbers", "confusion", "classes", "scatter")),
        ("targets", ("sample", "residuals", "scatter")),
        ("labels", ("sample", "labels", "scatter")),
    ],
)
async def test_the_views_that_each_kind_of_data_has(kind, views):
    async with watching(items(kind)) as v:
        pane = v.screen.query_one("#output")
        assert pane.views(v.screen.snapshot) == views
        wanted = set()
        for _ in range(max(1, len(views))):
            wanted |= set(v.sent(Want)[-1].keys)
            await v.press("m")
        names = {key.partition("/")[0] for key in wanted}
        assert {"scatter", "residuals", "labels"} & names == {"scatter", "residuals", "labels"} & set(views)


async def test_two_inputs_that_are_no_plane_are_shown_as_samples():
    greeting = hello("plane")
    greeting.info["window"], greeting.info["points"] = None, []
    async with watching((greeting, *items()[1:])) as v:
        pane = v.screen.query_one("#output")
        assert pane.kind(v.screen.snapshot) == "sample"
        assert "scatter" in pane.views(v.screen.snapshot)


async def test_t_walks_the_targets():
    async with watching(items("targets")) as v:
        await go(v, "scatter")
        columns = v.screen.snapshot.get(Scatter).columns
        await v.press("t")
        assert f"scatter/{columns[0]}-{columns[1]}-1" in v.sent(Want)[-1].keys
        await go(v, "residuals")
        assert "residuals/1" in v.sent(Want)[-1].keys
        assert "target" in v.line("keys")
        await v.press("t")
        assert "residuals/0" in v.sent(Want)[-1].keys
    async with watching(items("table")) as v:
        await go(v, "scatter")
        await v.press("t")
        assert v.screen.snapshot.target == 0


async def test_residuals_say_their_numbers():
    async with watching(items("targets")) as v:
        await go(v, "residuals")
        found = v.screen.snapshot.get(Residuals)
        assert (
            state(v) == f"y · RMSE {found.rmse:.4g} · 20 rows of validation"
        )  # its truth never changes: no R²
        one = dataclasses.replace(found, r2=0.8125, rmse=2.5, name="mass", truth=np.arange(20.0), size=5000)
        await v.post(dataclasses.replace(stats(v.screen.snapshot.hello, 60), found={"residuals": one}))
        assert state(v) == "mass · R² 0.812 · RMSE 2.5"
        await v.press("enter")  # where there is room for all of it
        assert state(v) == "mass · R² 0.812 · RMSE 2.5 · 20 of 5,000 random rows of validation"
        assert "predicted over true" in v.pane("output")


async def test_predictions_are_drawn_over_the_truth():
    async with watching(items("targets")) as v:
        await go(v, "residuals")
        truth, prediction = np.array([0.0, 10.0]), np.array([0.0, 20.0])
        one = dataclasses.replace(v.screen.snapshot.get(Residuals), truth=truth, prediction=prediction)
        await v.post(dataclasses.replace(stats(v.screen.snapshot.hello, 60), found={"residuals": one}))
        drawn, swapped = (
            plain(residuals(*pair, 80, 14)) for pair in ((truth, prediction), (prediction, truth))
        )
        pane = v.screen.query_one(OutputPane)
        assert plain(pane.draw(v.screen.snapshot, 80, 14)) == drawn != swapped


async def test_labels_have_a_row_each():
    async with watching(items("labels")) as v:
        await go(v, "labels")
        found = v.screen.snapshot.get(Labels)
        lines = [line.split() for line in v.pane("output").splitlines()]
        assert lines[0] == ["precision", "recall", "F1", "count"]
        for name, one, line in zip(("y", "z"), found.by_label, lines[1:3], strict=True):
            assert line == [
                name,
                f"{one.precision:.3f}",
                f"{one.recall:.3f}",
                f"{one.f1:.3f}",
                str(one.count),
            ]
        assert state(v) == f"each label · 20 rows of validation · all labels right on {found.exact}"
        await go(v, "sample")
        sample = v.screen.snapshot.get(Sample)
        assert sample.targets.tolist() == [0.5, 0.5]
        assert v.pane("output").count("◂") == 2
        await go(v, "scatter")
        assert "label y" in state(v)
        assert "• not  • has it" in state(v)


@pytest.mark.parametrize("caps", [Caps(), Caps("none", ascii=True)], ids=["colors", "ascii"])
async def test_a_regression_over_the_plane_has_its_scale_written(caps):
    """In the colors, or signs, of its ends."""
    greeting = hello("plane")
    regression = info("curve") | {k: greeting.info[k] for k in ("inputs", "features", "window", "points")}
    greeting = dataclasses.replace(greeting, info=greeting.info | regression)
    given = stats(hello("plane"), 40)
    surface = given.found["surface"]
    values = np.linspace(-3.7, 1.2, surface.values.size).reshape(surface.values.shape)
    given = dataclasses.replace(
        given, found={**given.found, "surface": dataclasses.replace(surface, values=values)}
    )
    async with watching((greeting, status(), given), size=(120, 40), caps=caps) as v:
        pane = v.screen.query_one("#output", OutputPane)
        right = state(v)
        low, high, minus = ("%", "#", "-") if caps.ascii else ("■", "■", "−")
        assert f"{low} {minus}4  {high} 4" in right
        whole = [span for row in pane.picture for span in row]
        # −3.7 of ±4 is level −7 of 8, and 1.2 level 2.
        levels = {
            int(r.partition(":")[2])
            for s in whole
            for r in (s.style.fg, s.style.bg)
            if r and r.startswith("scale:")
        }
        assert (min(levels), max(levels)) == (-7, 2)


@pytest.mark.parametrize(
    ("size", "words"), [((120, 40), "true by row, decided by column"), ((120, 9), "most frequent confusions")]
)
async def test_the_border_says_which_way_confusions_are_written(size, words):
    async with watching(items("table", classes=[f"kind{k}" for k in range(9)]), size=(120, 40)) as v:
        await go(v, "confusion")
        await v.press("enter")
        await v.pilot.resize_terminal(size[0], max(12, size[1]))
        await v.pilot.pause()
        seen = v.pane("output")
        assert state(v).startswith(words)
        assert ("taken for another" in seen) == (words == "most frequent confusions")


async def test_each_class_has_its_numbers_under_their_headings():
    async with watching(items("table"), size=(120, 40)) as v:
        pane = await go(v, "classes")
        table = dataclasses.replace(
            v.screen.snapshot.get(Confusion), counts=np.array([[8, 1, 0], [4, 5, 3], [0, 0, 2]])
        )
        given = stats(hello("table"), 60)
        await v.post(dataclasses.replace(given, found={**given.found, "confusion": table}))
        lines = v.pane("output").splitlines()
        assert lines[0].split() == ["precision", "recall", "F1", "count"]
        rows = {line.split()[0]: line.split()[1:] for line in lines[1:4]}
        assert rows["a"] == ["0.667", "0.889", "0.762", "9"]  # 8/12, 8/9
        assert rows["b"] == ["0.833", "0.417", "0.556", "12"]  # 5/6, 5/12
        assert rows["c"] == ["0.400", "1.000", "0.571", "2"]  # 2/5, 2/2
        assert pane.view(v.screen.snapshot) == "classes"


@pytest.mark.parametrize(("count", "hidden"), [(2, False), (6, False), (400, True)])
async def test_a_few_points_lie_on_the_curve_that_goes_through_them_and_many_below_it(count, hidden):
    about = info("curve") | {"points": np.linspace(-1, 1, count)[:, None].tolist()}
    about["point_targets"] = np.linspace(-1, 1, count).tolist()
    greeting = dataclasses.replace(hello("curve"), info=about)
    x = np.linspace(-1, 1, 100)
    async with watching([greeting, status()]) as v:
        given = stats(greeting, 60)
        await v.post(dataclasses.replace(given, found={**given.found, "curve": Curve(x, x[:, None])}))
        drawn = v.pane("output").count("•")
        assert (drawn < 5) if hidden else (drawn == count)
