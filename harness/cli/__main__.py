"""`python -m harness.cli` is the command `harness`."""

from harness.cli.app import main

main()
