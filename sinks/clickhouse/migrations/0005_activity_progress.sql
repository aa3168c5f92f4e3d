-- Raw events of activity.progress, one row a record; a row is found by its place on the topic.
CREATE TABLE activity_progress
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
    fiscal_year Int32,
    program LowCardinality(String),
    activity LowCardinality(String),
    sub_activity LowCardinality(String),
    package_id Nullable(String),
    contract_number Nullable(String),
    physical_bp Int32,
    planned_bp Nullable(Int32),
    village LowCardinality(Nullable(String)),
    latitude Nullable(Float64),
    longitude Nullable(Float64),
    photo_sha256 Nullable(String),
    officer_token Nullable(String),
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
