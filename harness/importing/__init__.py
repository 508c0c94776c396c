"""Runs that somebody's own code trained and pruned, from a folder of checkpoints.

`find` lists the files of a pattern, `read` makes networks of them, `write` a run folder.
"""

from ._found import Found as Found
from ._found import find as find
from ._found import refuse_missing as refuse_missing
from ._networks import Networks as Networks
from ._networks import read as read
from ._run import import_run as import_run
from ._run import planned as planned
from ._run import write as write
