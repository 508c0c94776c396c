"""The documentation site: `sphinx-build -W docs FOLDER`. It needs no network."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "motif-harness"
author = copyright = "The motif-harness developers"
version = release = installed("motif-harness")

extensions = ["myst_parser", "sphinx.ext.autodoc", "_docstrings", "_generated", "_mathml"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]  # a class has two names, a public one and that of its module

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "motif-harness"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
