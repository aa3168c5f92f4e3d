-- Indications; the highest revision of an alert_id stands. Read with FINAL.
CREATE TABLE alerts
(
    alert_id String,
    revision Int64,
    status LowCardinality(String),
    rule LowCardinality(String),
    rule_version LowCardinality(String),
    domain LowCardinality(String),
    level LowCardinality(String),
    subject String,
    scope String,
    permit_type LowCardinality(Nullable(String)),
    opd LowCardinality(String),
    unit LowCardinality(String),
    level_at Int64,
    first_at Int64,
    due_at Nullable(Int64),
    observed Float64,
    threshold Float64,
    unit_of_measure LowCardinality(String),
    sentence String,
    withdrawn_reason Nullable(String),
    evidence Array(Tuple(topic String, partition Int32, offset Int64, event_id String, occurred_at Int64, kind String)),
    evidence_total Int32,
    evidence_digest String,
    excluded Array(String),
    parameters Map(String, String),
    fence_id Nullable(String),
    profile_hash String,
    clock Int64,
    published_at Int64,
    mode LowCardinality(String),
    simulated Bool,
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64,
    _timestamp DateTime64(3, 'UTC'),
    _ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY alert_id
SETTINGS non_replicated_deduplication_window = 10000;
