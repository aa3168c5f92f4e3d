-- Tabel outbox untuk MySQL 5.7 ke atas dan MariaDB 10.2 ke atas.
-- Kolom id, aggregatetype, aggregateid, type, payload sama dengan Debezium EventRouter.
CREATE TABLE outboxevent (
  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  id CHAR(36) NOT NULL,
  aggregatetype VARCHAR(100) NOT NULL,
  aggregateid VARCHAR(190) NOT NULL,
  type VARCHAR(100) NOT NULL,
  payload LONGTEXT NOT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  sent_at TIMESTAMP(3) NULL DEFAULT NULL,
  attempts INT NOT NULL DEFAULT 0,
  last_error VARCHAR(1000) NULL DEFAULT NULL,
  PRIMARY KEY (seq),
  UNIQUE KEY outboxevent_id (id),
  KEY outboxevent_waiting (sent_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
