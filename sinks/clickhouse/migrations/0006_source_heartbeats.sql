-- Raw events of source.heartbeats, one row a record; a row is found by its place on the topic.
CREATE TABLE source_heartbeats
(
    event_id String,
    source LowCardinality(String),
    opd LowCardinality(String),
    occurred_at DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    mode LowCardinality(String),
    corrects Nullable(String),
    correction_reason Nullable(String),
    simulated Bool,
    last_event_id Nullable(String),
    last_event_at Nullable(Int64),
    events_sent Int64,
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64,
    _timestamp DateTime64(3, 'UTC'),
    _ingested_at DateTime64(3, 'UTC'),
    is_repeat Bool,
    is_future Bool
)
ENGINE = MergeTree
ORDER BY (_partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
