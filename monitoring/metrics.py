"""Every metric of Nadi, defined once. Names and labels follow the guide of operations; labels are bounded."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, Info

AGE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

BUILD = Info("nadi_build", "Version of this process")
EVENT_AGE = Histogram(
    "nadi_processor_event_age_seconds",
    "Now minus publish time when an event leaves a stage: the delay people see",
    ["stage"],
    buckets=AGE_BUCKETS,
)
LAST_PROCESSED = Gauge(
    "nadi_processor_last_processed_timestamp_seconds",
    "When a partition last made progress",
    ["topic", "partition"],
)
EVENTS = Counter("nadi_processor_events_total", "Rows by outcome", ["topic", "result"])
DEAD_LETTERS = Counter("nadi_dlq_events_total", "Records set aside", ["topic", "reason"])
STATE_REBUILDING = Gauge(
    "nadi_processor_rebuilding", "1 while a partition's state is rebuilt", ["topic", "partition"]
)
SINK_ROWS = Counter("nadi_sink_rows_total", "Rows inserted", ["table"])
SINK_FLUSH = Histogram("nadi_sink_flush_duration_seconds", "Duration of one insert", buckets=AGE_BUCKETS)
SINK_QUERYABLE = Gauge(
    "nadi_sink_queryable_offset", "Rows below this offset can be queried", ["topic", "partition"]
)
SSE_CLIENTS = Gauge("nadi_sse_clients", "Open wallboard streams", ["board"])
SSE_DROPPED = Counter("nadi_sse_dropped_total", "Slow wallboard clients sent back to a snapshot", ["board"])
PUBLISHED = Counter("nadi_producer_events_total", "Events published", ["topic", "result"])
