"""POST /v1/files: a whole file of events, checked before any of it is published, and published once."""
