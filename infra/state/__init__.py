"""The tasks' state as it stands on their logs, read from outside: nothing is claimed, nobody is disturbed."""
