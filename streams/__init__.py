"""From events to live aggregates and indications."""

import os

#: A worker is one core's worth of work; Polars' pool of threads would take turns on it and wait for each other.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
