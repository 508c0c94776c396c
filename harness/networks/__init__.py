"""Tools for authors of architectures: an MLP, initial weights, networks with state, signals."""

from harness.networks.initial import Initial as Initial
from harness.networks.initial import drawn as drawn
from harness.networks.initial import initialised as initialised
from harness.networks.mlp import MLP as MLP
from harness.networks.mlp import Activation as Activation
from harness.networks.mlp import activated as activated
from harness.networks.mlp import layered_of as layered_of
from harness.networks.stateful import Stateful as Stateful
from harness.networks.stateful import called as called
