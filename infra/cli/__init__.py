"""The command line, nadi."""
