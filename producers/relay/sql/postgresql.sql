-- Tabel outbox untuk PostgreSQL 10 ke atas.
-- Kolom id, aggregatetype, aggregateid, type, payload sama dengan Debezium EventRouter.
CREATE TABLE outboxevent (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id UUID NOT NULL UNIQUE,
  aggregatetype VARCHAR(100) NOT NULL,
  aggregateid VARCHAR(190) NOT NULL,
  type VARCHAR(100) NOT NULL,
  payload JSONB NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  sent_at TIMESTAMPTZ(3),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error VARCHAR(1000)
);
CREATE INDEX outboxevent_waiting ON outboxevent (seq) WHERE sent_at IS NULL;
