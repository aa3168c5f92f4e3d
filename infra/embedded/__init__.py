"""Real Kafka and a real ClickHouse engine from Python packages alone."""
