"""Motif profiles of networks in files, for the terminal, for programs and as a page."""

from ._class_page import write_classes as write_classes
from ._export import as_csv as as_csv
from ._export import as_json as as_json
from ._export import write_latex as write_latex
from ._files import Asked as Asked
from ._files import Profiles as Profiles
from ._files import of_files as of_files
from ._files import of_wirings as of_wirings
from ._instances import Instances as Instances
from ._instances import instances as instances
from ._instances import show_instances as show_instances
from ._page import write_html as write_html
from ._participants import Part as Part
from ._participants import participants as participants
from ._participants import show_participants as show_participants
from ._show import show as show
from ._similarity import answer as answer
from ._similarity import show_similarities as show_similarities
from ._similarity import similarities as similarities
