"""Quix Streams with state in RocksDB and a changelog, exactly once.

State is kept by message key (department and cash office), which spares it a repartition topic for each dimension:
the totals are partial by message key and readers add them. Every event writes its three new totals in one record.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.state import State

from benchmarks.contenders.plain import local_day
from benchmarks.contenders.quix_decode import ReceiptDeserializer
from benchmarks.contenders.report import Options
from schemas.registry import current


def add(event: dict[str, Any], state: State) -> str:
    """Add one event to its three totals; the new totals."""
    day, amount = local_day(event["occurred_at"]), event["amount"]
    scope = f"{event['opd']},{event['cash_office']}"
    lines = []
    for dimension in ("opd", "account", "village"):
        key = f"{dimension}|{event[dimension]}|{day}"
        total, count = state.get(key, (0, 0))
        total, count = total + amount, count + 1
        state.set(key, (total, count))
        lines.append(f"{key}|{scope}|{total}|{count}")
    return "\n".join(lines)


def main() -> None:
    """Run until told to stop."""
    options = Options.read()
    app = Application(
        broker_address=options.bootstrap,
        consumer_group=options.group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=0.5,
        state_dir=f"{options.folder}/state",
        loglevel="WARNING",
        consumer_extra_config={"queued.min.messages": 1_000_000, "fetch.queue.backoff.ms": 5},
    )
    receipts = app.topic(
        options.input,
        key_deserializer="bytes",
        value_deserializer=ReceiptDeserializer(current("revenue.receipts")),
    )
    output = app.topic(options.output, key_serializer="bytes", value_serializer="str")
    app.dataframe(receipts).apply(add, stateful=True).to_topic(output)
    app.run()


if __name__ == "__main__":
    main()
