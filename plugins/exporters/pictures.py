"""The charts of a run's report as PNG, for slides and documents that take no SVG."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Gt, Le

from harness import AbstractExporter, Run, hookimpl

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Pictures(AbstractExporter):
    """Write each chart of a run's report as PNG, with its title and caption.

    **Parameters:**

    - `scale`: pixels for each unit of the SVG that stands beside the page
    """

    name: ClassVar[str] = "pictures"
    scale: Annotated[float, Gt(0), Le(10)] = 2.0

    def export(self, run: Run, folder: "Path") -> None:
        """Write the pictures, or how to make them where the run has no report."""
        import vl_convert

        charts = sorted((run.path / "report" / "charts").glob("*.svg"))
        if not charts:
            advice = f"This run has no report with charts. Write it: harness report {run.path}\n"
            (folder / "README.txt").write_text(advice, "utf-8", "backslashreplace")
        for chart in charts:
            svg = chart.read_text("utf-8")
            picture = vl_convert.svg_to_png(svg, scale=self.scale)
            (folder / chart.with_suffix(".png").name).write_bytes(picture)


@hookimpl
def register_exporters() -> list[type[Pictures]]:
    """Offer the exporter to the harness."""
    return [Pictures]
