"""The figures, as Altair charts of aggregated tables: for the report, notebooks, SVG and PDF.

Each takes a table that a module of `harness.report` summarised, and returns a chart. Colours and
symbols are fixed by the order of the conditions. Names are data, never field names or expressions.
"""

from harness.report.charts._base import RULE as RULE
from harness.report.charts._base import SERIES as SERIES
from harness.report.charts._base import SHAPES as SHAPES
from harness.report.charts._base import band_and_line as band_and_line
from harness.report.charts._base import kept as kept
from harness.report.charts._base import panels_of as panels_of
from harness.report.charts._base import signed_cells as signed_cells
from harness.report.charts._base import to_dict as to_dict
from harness.report.charts._contests import Contested as Contested
from harness.report.charts._contests import cost_front as cost_front
from harness.report.charts._contests import loss_front as loss_front
from harness.report.charts._contests import matched_density as matched_density
from harness.report.charts._contests import matched_loss as matched_loss
from harness.report.charts._contests import ranks as ranks
from harness.report.charts._convergence import similarity as similarity
from harness.report.charts._levels import heatmap as heatmap
from harness.report.charts._levels import profile as profile
from harness.report.charts._motifs import motifs as motifs
from harness.report.charts._motifs import significance as significance
from harness.report.charts._pairs import paired_motifs as paired_motifs
from harness.report.charts._pairs import paired_quantities as paired_quantities
from harness.report.charts._performance import evaluations as evaluations
from harness.report.charts._performance import loss as loss
from harness.report.charts._structure import degrees as degrees
from harness.report.charts._structure import layers as layers
from harness.report.charts._structure import masks as masks
