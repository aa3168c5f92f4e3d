"""One module per domain: what its events add up to."""
