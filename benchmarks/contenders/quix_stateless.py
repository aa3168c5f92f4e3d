"""Quix Streams without its state: sums in a dict of the process, written once at the end. Nothing durable."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Producer
from quixstreams import Application

from benchmarks.contenders.plain import local_day, publish
from benchmarks.contenders.quix_decode import ReceiptDeserializer
from benchmarks.contenders.report import Options
from schemas.registry import current


def main() -> None:
    """Run until told to stop."""
    options = Options.read()
    app = Application(
        broker_address=options.bootstrap,
        consumer_group=options.group,
        auto_offset_reset="earliest",
        commit_interval=0.5,
        loglevel="WARNING",
        consumer_extra_config={"queued.min.messages": 1_000_000, "fetch.queue.backoff.ms": 5},
    )
    receipts = app.topic(
        options.input,
        key_deserializer="bytes",
        value_deserializer=ReceiptDeserializer(current("revenue.receipts")),
    )
    totals: dict[tuple[str, str, str], list[int]] = {}
    left = options.events

    def add(event: dict[str, Any]) -> None:
        nonlocal left
        day, amount = local_day(event["occurred_at"]), event["amount"]
        for dimension in ("opd", "account", "village"):
            total = totals.setdefault((dimension, event[dimension], day), [0, 0])
            total[0] += amount
            total[1] += 1
        left -= 1
        if not left:
            publish(Producer({"bootstrap.servers": options.bootstrap}), options.output, totals.items())

    app.dataframe(receipts).update(add)
    app.run()


if __name__ == "__main__":
    main()
