"""The combined risks of a running regency: standing alerts from ClickHouse, ranked for the inspectorate."""
