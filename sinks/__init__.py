"""From Kafka to the people: ClickHouse, wallboard, inspectorate, public page."""
