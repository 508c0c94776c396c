"""Network motifs in layered graphs: classes, counts, exact moments, significance."""

from ._classes import MotifClass as MotifClass
from ._classes import classes as classes
from ._classes import induced_combination as induced_combination
from ._counts import counts as counts
from ._counts import induced as induced
from ._draws import uniform_draws as uniform_draws
from ._moments import Moments as Moments
from ._moments import covariance as covariance
from ._moments import moments as moments
from ._significance import TOTAL as TOTAL
from ._significance import profile as profile
