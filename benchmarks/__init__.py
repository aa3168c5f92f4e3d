"""The benchmarks: anyone runs them with `make bench`; results stand in benchmarks/results."""

import streams  # noqa: F401  (before Polars: it has one thread, as in a worker)
