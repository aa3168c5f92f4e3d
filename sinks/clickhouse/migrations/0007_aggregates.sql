-- Absolute values by key and source partition; the highest version of a key stands. Read with FINAL.
CREATE TABLE aggregates
(
    metric LowCardinality(String),
    dimension LowCardinality(String),
    value String,
    local_day LowCardinality(String),
    source_topic LowCardinality(String),
    source_partition Int32,
    amount Int64,
    version Int64,
    as_of Int64,
    published_at Int64,
    simulated Bool,
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64,
    _timestamp DateTime64(3, 'UTC'),
    _ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (metric, dimension, value, local_day, source_topic, source_partition)
SETTINGS non_replicated_deduplication_window = 10000;
