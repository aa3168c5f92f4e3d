"""Everyone who does the same work on the same topic: how each is started, and where its totals stand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks import environment
from benchmarks.jvm import build

Command = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One contender.

    ``command`` makes what is run; the runner adds one argument, the options of ``report.py`` as JSON. ``totals``
    is the form of its output (see totals.py). ``most`` bounds its events, where more would take too long.
    ``durable`` says what a crash leaves right; ``available`` whether this machine is set up for it.
    """

    name: str
    command: Command
    totals: Literal["plain", "faust", "nadi"] = "plain"
    most: int | None = None
    needs_jvm: bool = False
    durable: str = "exactly once"
    available: Callable[[], bool] = lambda: True


def _own(module: str, *words: str) -> Command:
    return lambda: [sys.executable, "-m", f"benchmarks.contenders.{module}", *words]


def _other(module: str) -> Command:
    return lambda: [str(environment.python()), "-m", f"benchmarks.contenders.{module}"]


def _native_is_built() -> bool:
    from streams.engine.native_fetch import native_library

    return native_library() is not None


_ALL = (
    Contender("nadi", _own("nadi", "confluent", "1"), "nadi"),
    Contender("nadi-native", _own("nadi", "native", "1"), "nadi", available=_native_is_built),
    Contender("nadi-2-workers", _own("nadi", "confluent", "2"), "nadi"),
    Contender("nadi-native-2-workers", _own("nadi", "native", "2"), "nadi", available=_native_is_built),
    Contender("raw-librdkafka", _own("raw_librdkafka"), durable="no"),
    Contender("faust-table", _other("faust_table"), "faust", most=100_000, durable="at least once"),
    Contender("quix-stateful", _other("quix_stateful"), most=500_000),
    Contender("quix-stateless", _other("quix_stateless"), most=1_000_000, durable="no"),
    Contender("bytewax", _other("bytewax_fold"), most=1_000_000, durable="at least once"),
    Contender("kafka-streams-eos", lambda: build.command("StreamsTotals"), needs_jvm=True),
    Contender("flink-datastream", lambda: build.command("FlinkTotals"), needs_jvm=True),
    Contender("flink-sql", lambda: build.command("FlinkSqlTotals"), needs_jvm=True),
)

CONTENDERS: Mapping[str, Contender] = {contender.name: contender for contender in _ALL}
