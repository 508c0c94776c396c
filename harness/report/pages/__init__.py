"""Any page: what it is made of, and how it is written with the files beside it.

Knows nothing of runs or of what a report says. (`harness.report.page` is the public function.)
"""
