"""The command line, nadi."""

from infra.cli.main import main

__all__ = ["main"]
