"""Checks of the contract of each kind of plugin, for plugin authors and the harness's tests."""

from harness.testing._check import Checked as Checked
from harness.testing._check import assert_contract as assert_contract
from harness.testing._check import check as check
from harness.testing._check import check_all as check_all
from harness.testing._check import check_plugin as check_plugin
from harness.testing._finding import Finding as Finding
from harness.testing._tiny import TinyArchitecture as TinyArchitecture
from harness.testing._tiny import TinyDigraph as TinyDigraph
from harness.testing._tiny import TinySchedule as TinySchedule
from harness.testing._tiny import TinyTask as TinyTask
from harness.testing._tiny import tiny_model as tiny_model
