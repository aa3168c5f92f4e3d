"""From events to live aggregates and indications."""

import os

#: A worker is one core's worth of work; Polars' pool of threads would take turns on it and wait for each other.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
#: Its allocator gives a page back after ten seconds without use, not after half a second: a block of days takes the pages of the
#: one before it, and the kernel would have to clear each again.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:10000,muzzy_decay_ms:0")
#: Most frames have some thousand rows: the streaming engine takes twice as long to begin as to read them.
os.environ.setdefault("POLARS_ENGINE_AFFINITY", "in-memory")
#: By default it groups small frames with its streaming engine all the same, which takes ten times as long to begin.
os.environ.setdefault("POLARS_NO_PARTITION", "1")
