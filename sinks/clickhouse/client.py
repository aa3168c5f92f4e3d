"""The one place that opens a ClickHouse client."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from sinks.settings import ClickHouseSettings

INSERT_SECONDS = 120
LOCAL = ("127.0.0.1", "localhost", "::1")


def query(
    settings: ClickHouseSettings, sql: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of one query, by column, over a connection of its own. Raises what the library raises."""
    client = connect(settings)
    try:
        return [dict(row) for row in client.query(sql, parameters=parameters or {}).named_results()]
    finally:
        client.close()


def connect(settings: ClickHouseSettings, **client_settings: Any) -> Any:
    """A clickhouse-connect client for the settings' URL; server settings by name. Raises OperationalError of the
    library when nobody answers.

    Without a session, so that one client may be used from several threads. On this machine nothing is compressed.
    """
    import clickhouse_connect

    address = urlsplit(settings.url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError(f"clickhouse.url = {settings.url!r}: expected http://host:port or https://host:port")
    return clickhouse_connect.get_client(
        host=address.hostname,
        port=address.port or (8443 if address.scheme == "https" else 8123),
        username=unquote(address.username or "default"),
        password=unquote(address.password or ""),
        secure=address.scheme == "https",
        compress=address.hostname not in LOCAL,
        settings=client_settings,
        send_receive_timeout=INSERT_SECONDS,
        autogenerate_session_id=False,
    )
