"""Intervals, similarity, permutation tests, multiple testing and fronts, over trained networks.

The trained network is the unit of replication. Undefined values are NaN: they are left out, never
replaced.
"""

from harness.stats._autocorrelation import autocorrelation_time as autocorrelation_time
from harness.stats._freedman_lane import PartialTests as PartialTests
from harness.stats._freedman_lane import freedman_lane as freedman_lane
from harness.stats._fronts import non_dominated as non_dominated
from harness.stats._interpolation import first_rise as first_rise
from harness.stats._interpolation import interpolated as interpolated
from harness.stats._intervals import Interval as Interval
from harness.stats._intervals import MeanTest as MeanTest
from harness.stats._intervals import MeanTests as MeanTests
from harness.stats._intervals import mean_interval as mean_interval
from harness.stats._intervals import mean_test as mean_test
from harness.stats._intervals import mean_tests as mean_tests
from harness.stats._multiple import benjamini_hochberg as benjamini_hochberg
from harness.stats._sign_flips import SignFlips as SignFlips
from harness.stats._sign_flips import sign_flips as sign_flips
from harness.stats._similarity import EXACT as EXACT
from harness.stats._similarity import Noise as Noise
from harness.stats._similarity import signal as signal
from harness.stats._similarity import similarity_between as similarity_between
from harness.stats._similarity import similarity_difference as similarity_difference
from harness.stats._similarity import similarity_of_two as similarity_of_two
from harness.stats._similarity import similarity_within as similarity_within
