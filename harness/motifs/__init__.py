"""Network motifs in layered graphs: classes, counts, exact moments, significance."""

from ._census import census as census
from ._census import digraph_profile as digraph_profile
from ._census import layered_part as layered_part
from ._classes import MotifClass as MotifClass
from ._classes import classes as classes
from ._classes import induced_combination as induced_combination
from ._conventions import PUBLISHED as PUBLISHED
from ._conventions import published_counts as published_counts
from ._counts import counts as counts
from ._counts import induced as induced
from ._drawing import drawing as drawing
from ._draws import uniform_draws as uniform_draws
from ._moments import Moments as Moments
from ._moments import covariance as covariance
from ._moments import covariances as covariances
from ._moments import moments as moments
from ._nulls import draws as draws
from ._nulls import overlap as overlap
from ._sampled import sampled_profile as sampled_profile
from ._significance import TOTAL as TOTAL
from ._significance import profile as profile
from ._supports import Support as Support
from ._supports import supported as supported
from ._switching import Switched as Switched
from ._switching import switched as switched
