"""The outbox relay: rows of a department's outbox table, in order, to the gateway; ``relay.php`` is the same for cron."""
