"""The benchmarks: anyone runs them with `make bench`; results stand in benchmarks/results."""
