-- What people did about alerts, step by step.
CREATE TABLE dispositions
(
    disposition_id String,
    alert_id String,
    occurred_at DateTime64(3, 'UTC'),
    state LowCardinality(String),
    actor_token String,
    actor_role LowCardinality(String),
    code Nullable(String),
    text String,
    reference Nullable(String),
    simulated Bool,
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64,
    _timestamp DateTime64(3, 'UTC'),
    _ingested_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (alert_id, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
