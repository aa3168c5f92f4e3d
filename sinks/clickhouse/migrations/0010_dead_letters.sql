-- Records that could not be taken, byte for byte, and why: the topics *.dlq of the event topics.
CREATE TABLE dead_letters
(
    original_topic LowCardinality(String),
    original_partition Int32,
    original_offset Int64,
    original_timestamp DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    message String,
    stage LowCardinality(String),
    consumer_group LowCardinality(String),
    attempt Int32,
    first_failed_at DateTime64(3, 'UTC'),
    key Nullable(String),
    value Nullable(String),
    headers Array(Tuple(name String, value String)),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64,
    _timestamp DateTime64(3, 'UTC'),
    _ingested_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (original_topic, original_partition, original_offset, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
