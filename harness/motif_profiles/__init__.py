"""Motif profiles of networks in files, for the terminal, for programs and as a page."""

from ._export import as_csv as as_csv
from ._export import as_json as as_json
from ._files import Asked as Asked
from ._files import Profiles as Profiles
from ._files import of_files as of_files
from ._page import write_classes as write_classes
from ._page import write_html as write_html
from ._show import show as show
