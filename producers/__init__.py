"""From a department's system to Kafka: client library, files, simulator."""
