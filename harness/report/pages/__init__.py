"""How any page is written, with the files beside it; `harness.report.page` is the public function.

Nothing here knows of runs or of the contents of a report.
"""
