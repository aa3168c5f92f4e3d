"""From Kafka into ClickHouse, nothing lost, nothing twice."""
