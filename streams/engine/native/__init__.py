"""The C part of the native fetch."""
