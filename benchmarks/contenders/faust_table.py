"""Faust as its guide shows it: an agent, one event at a time, a Table with a changelog.

The table's changelog is the output; nothing is sent beside it. Strictly its keys would have to be repartitioned
by a topic for each dimension, as Faust wants a table's key to be its stream's; in one process the totals are right
without, and it is spared that.
"""

from __future__ import annotations

import io
import json
import os
import sys

os.environ["F_DATADIR"] = json.loads(sys.argv[1])["folder"]

import fastavro
import faust

from benchmarks.contenders.plain import local_day
from benchmarks.contenders.report import Options, first_record
from schemas.registry import current

HEADER = 5
SCHEMA = fastavro.parse_schema(json.loads(current("revenue.receipts")))


def build(options: Options) -> faust.App:
    """The app: one agent, one table."""
    app = faust.App(
        options.group,
        broker=f"kafka://{options.bootstrap}",
        store="memory://",
        topic_partitions=options.partitions,
        topic_replication_factor=1,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
    )
    totals = app.Table("totals", default=lambda: [0, 0], partitions=options.partitions, key_type=str)
    receipts = app.topic(options.input, key_type=bytes, value_type=bytes)
    begun = False

    @app.agent(receipts)  # type: ignore[untyped-decorator]
    async def add(stream: faust.Stream[bytes]) -> None:
        nonlocal begun
        async for value in stream:
            if not begun:
                begun = True
                first_record()
            body = io.BytesIO(value)
            body.seek(HEADER)
            event = fastavro.schemaless_reader(body, SCHEMA, None)
            day, amount = local_day(event["occurred_at"]), event["amount"]
            for dimension in ("opd", "account", "village"):
                key = f"{dimension}|{event[dimension]}|{day}"
                old = totals[key]
                totals[key] = [old[0] + amount, old[1] + 1]

    return app


def main() -> None:
    """Run the worker until it is told to stop."""
    options = Options.read()
    app = build(options)
    from mode import Worker

    Worker(app, loglevel="error", redirect_stdouts=False, daemon=True).execute_from_commandline()


if __name__ == "__main__":
    main()
