"""One small program a contender. Third-party ones run in an environment of their own, so nothing is imported here."""
