-- Tabel outbox untuk SQLite 3.8 ke atas.
-- Kolom id, aggregatetype, aggregateid, type, payload sama dengan Debezium EventRouter.
CREATE TABLE outboxevent (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  aggregatetype TEXT NOT NULL,
  aggregateid TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  sent_at TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
);
CREATE INDEX outboxevent_waiting ON outboxevent (seq) WHERE sent_at IS NULL;
