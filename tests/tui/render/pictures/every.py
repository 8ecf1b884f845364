"""All cases by the name of the file that keeps them."""

from collections.abc import Callable
from pathlib import Path

from tests.tui.render.pictures import diagrams, flows, maps, planes, plots, words
from tests.tui.render.pictures.kept import Cases

APPROVED = Path(__file__).with_name("approved")
EVERY: dict[str, Callable[[], Cases]] = {
    "diagram": diagrams.diagrams,
    "placing": diagrams.placings,
    "edges": diagrams.lines,
    "bands": diagrams.layers,
    "flow": flows.graphs,
    "routing": flows.layouts,
    "plot": plots.plots,
    "histogram": plots.histograms,
    "history": plots.histories,
    "heatmap": maps.heatmaps,
    "scale": maps.scales,
    "contour": maps.contours,
    "plane": planes.planes,
    "scatter": planes.scatters,
    "sample": words.samples,
    "table": words.tables,
    "numbers": words.figures,
    "picture": words.rows,
}
