"""The ceiling for Python: one plain loop, nothing durable, no group, totals written once at the end."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyruhvro
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from benchmarks.contenders.plain import ZONE_MS, publish
from benchmarks.contenders.report import Options, first_record
from schemas.registry import current

ROWS = 50_000
KEYS = ("opd", "account", "village")


def main() -> None:
    """Read everything, fold it, publish the totals."""
    options = Options.read()
    schema = current("revenue.receipts")
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": options.group,
            "enable.auto.commit": False,
            "queued.min.messages": 1_000_000,
            "fetch.queue.backoff.ms": 5,
        }
    )
    partitions = consumer.list_topics(options.input, 10).topics[options.input].partitions
    consumer.assign([TopicPartition(options.input, p, OFFSET_BEGINNING) for p in partitions])
    totals: dict[tuple[str, str, str], list[int]] = {}
    messages = consumer.consume(1, 30)
    first_record()
    left = options.events
    while left:
        messages += consumer.consume(min(ROWS, left) - len(messages), 1)
        left -= len(messages)
        columns = pyruhvro.deserialize_array([message.value()[5:] for message in messages], schema)
        fold(columns, totals)
        messages = []
    publish(
        Producer({"bootstrap.servers": options.bootstrap, "linger.ms": 5}), options.output, totals.items()
    )


def fold(columns: pa.RecordBatch, totals: dict[tuple[str, str, str], list[int]]) -> None:
    """Add one batch to the totals."""
    frame = pl.DataFrame(pl.from_arrow(columns.select([*KEYS, "occurred_at", "amount"])))
    frame = frame.with_columns(day=pl.from_epoch(pl.col("occurred_at") + ZONE_MS, time_unit="ms").dt.date())
    for key in KEYS:
        sums = frame.group_by(key, "day").agg(pl.col("amount").sum(), pl.len().alias("count"))
        for value, day, amount, count in sums.iter_rows():
            total = totals.setdefault((key, value, day.isoformat()), [0, 0])
            total[0] += amount
            total[1] += count


if __name__ == "__main__":
    main()
