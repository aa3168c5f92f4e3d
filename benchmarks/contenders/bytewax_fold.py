"""Bytewax, each batch folded before its keyed state, snapshots every second in its recovery store (SQLite)."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import fastavro
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.contenders.plain import local_day
from benchmarks.contenders.report import Options, first_record
from schemas.registry import current

HEADER = 5
ROWS = 10_000
SCHEMA = fastavro.parse_schema(json.loads(current("revenue.receipts")))
_begun: list[bool] = []

Sums = tuple[int, int]


def fold(messages: list[KafkaSourceMessage[bytes, bytes]]) -> list[tuple[str, Sums]]:
    """The sums of one batch by dimension, value and day."""
    if messages and not _begun:
        _begun.append(True)
        first_record()
    sums: dict[str, Sums] = {}
    for message in messages:
        body = io.BytesIO(message.value)
        body.seek(HEADER)
        event = fastavro.schemaless_reader(body, SCHEMA, None)
        day, amount = local_day(event["occurred_at"]), event["amount"]
        for dimension in ("opd", "account", "village"):
            key = f"{dimension}|{event[dimension]}|{day}"
            total, count = sums.get(key, (0, 0))
            sums[key] = (total + amount, count + 1)
    return list(sums.items())


def add(state: Sums | None, new: Sums) -> tuple[Sums, Sums]:
    """The new state, which is also what is written."""
    total, count = state or (0, 0)
    state = (total + new[0], count + new[1])
    return state, state


def record(item: tuple[str, Sums]) -> KafkaSinkMessage[bytes, bytes]:
    """One total as a Kafka record."""
    key, (total, count) = item
    return KafkaSinkMessage(key.encode(), f"{key}||{total}|{count}".encode())


def build(options: Options) -> Dataflow:
    """Read to the end of the topic, fold, add, write."""
    flow = Dataflow("totals")
    source = KafkaSource(
        [options.bootstrap],
        [options.input],
        tail=False,
        batch_size=ROWS,
        add_config={"queued.min.messages": "1000000", "fetch.queue.backoff.ms": "5"},
    )
    received = op.input("in", flow, source)
    folded = op.flat_map_batch("fold", received, fold)
    totals = op.stateful_map("add", folded, add)
    op.output("out", op.map("record", totals, record), KafkaSink([options.bootstrap], options.output))
    return flow


def main() -> None:
    """Run to the end of the input."""
    options = Options.read()
    store = Path(options.folder) / "recovery"
    store.mkdir(parents=True)
    init_db_dir(store, 1)
    cli_main(build(options), epoch_interval=timedelta(seconds=1), recovery_config=RecoveryConfig(store))


if __name__ == "__main__":
    main()
