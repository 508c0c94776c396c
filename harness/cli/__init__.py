"""The command line."""

from harness.cli.app import main as main
