"""Our side of a comparison, from ClickHouse: amounts by what a report's lines are about, and by day.

Where one field says it (an account, a department), they are the figures as published. Aggregates have one dimension
each; for lines about several (an account of a department), or about deposits, the stored events go once more through
the domain's own processor, which leaves out what it refuses and applies corrections, with the whole key in the place
of the account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.reconciliation.official_file import Key
from producers.official import Report
from schemas.catalogue import DOMAINS
from schemas.codec import arrow_schema
from schemas.profile import Profile
from sinks.clickhouse.tables import TABLES
from streams.domains import PROCESSORS
from streams.engine.chunk import Chunk
from streams.engine.processor import Context

#: Amounts in rupiah by measure, key and day (YYYY-MM-DD).
Amounts = dict[str, dict[Key, dict[str, int]]]

#: Fields of a report that published figures have a dimension for.
PUBLISHED = frozenset({"account", "opd", "sub_activity"})
IN_PLACE_OF = "account"
MARK = "\x1f"


def our_amounts(
    client: Any, database: str, profile: Profile, report: Report, keys: Key, opd: str = ""
) -> Amounts:
    """Everything we have of a report's figures by ``keys``, of one department or all (a clickhouse-connect client).

    What has no value for a key stands under "".
    """
    measures = {metric: measure for measure, metric in report.metrics.items()}
    asked = (*keys, "opd") if opd and "opd" not in keys else keys
    found: Amounts = {measure: defaultdict(dict) for measure in report.measures}
    one = len(asked) == 1 and asked[0] in PUBLISHED
    cells = (
        _published(client, database, list(measures), asked[0])
        if one
        else _recounted(client, database, profile, report.domain, asked)
    )
    for metric, key, day, amount in cells:
        if metric in measures and amount and (not opd or key[asked.index("opd")] == opd):
            days = found[measures[metric]][key[: len(keys)]]
            days[day] = days.get(day, 0) + amount
    return found


def _published(
    client: Any, database: str, metrics: Sequence[str], dimension: str
) -> Iterator[tuple[str, Key, str, int]]:
    """The aggregates of a dimension, and what their total has beyond them."""
    rows = client.query(
        f"SELECT metric, dimension, value, local_day, sum(amount) FROM {database}.aggregates FINAL "  # noqa: S608
        "WHERE metric IN {metrics:Array(String)} AND dimension IN ({dimension:String}, 'total') "
        "GROUP BY metric, dimension, value, local_day",
        parameters={"metrics": metrics, "dimension": dimension},
    ).result_rows
    rest: defaultdict[tuple[str, str], int] = defaultdict(int)
    for metric, of, value, day, amount in rows:
        if of == "total":
            rest[metric, day] += int(amount)
        else:
            rest[metric, day] -= int(amount)
            yield metric, (value,), day, int(amount)
    for (metric, day), amount in rest.items():
        yield metric, ("",), day, amount


def _recounted(
    client: Any, database: str, profile: Profile, domain: str, keys: Key
) -> Iterator[tuple[str, Key, str, int]]:
    topic = DOMAINS[domain].name
    table = f"{database}.{TABLES[topic].name}"
    for (partition,) in client.query(f"SELECT DISTINCT _partition FROM {table}").result_rows:  # noqa: S608
        processor = PROCESSORS[domain](Context(profile, partition=int(partition)))
        columns = _stored(client, table, domain, int(partition), processor.columns or (), keys)
        rows = columns.num_rows
        numbers = np.arange(rows, dtype=np.int64)
        processor.process(Chunk(topic, int(partition), 0, rows, columns, numbers, np.zeros_like(numbers), 0))
        for batch in processor.totals.freeze():
            for cell in batch.to_pylist():
                if cell["dimension"] == IN_PLACE_OF:
                    yield (
                        cell["metric"],
                        tuple(cell["value"].split(MARK)[1:]),
                        cell["local_day"],
                        cell["amount"],
                    )


def _stored(
    client: Any, table: str, domain: str, partition: int, fields: Sequence[str], keys: Key
) -> pa.RecordBatch:
    """The events of a partition without repeats, in order, as the processor reads them."""
    schema = arrow_schema(DOMAINS[domain].schema)
    names = list(dict.fromkeys((*fields, *keys)))
    said = ", ".join(
        "toUnixTimestamp64Milli(occurred_at) AS occurred_at" if n == "occurred_at" else n for n in names
    )
    events: pa.Table = client.query_arrow(
        f"SELECT {said} FROM {table} WHERE _partition = {{partition:Int32}} AND NOT is_repeat ORDER BY _offset",  # noqa: S608
        parameters={"partition": partition},
        use_strings=True,
    )
    events = events.select(names).cast(pa.schema([schema.field(name) for name in names]))
    parts = [pc.fill_null(events.column(name).cast(pa.string()), "") for name in keys]
    whole = pc.binary_join_element_wise(pa.scalar(""), *parts, MARK)
    place = names.index(IN_PLACE_OF)
    events = events.set_column(place, schema.field(IN_PLACE_OF), whole.cast(schema.field(IN_PLACE_OF).type))
    return pa.RecordBatch.from_struct_array(events.select(list(fields)).to_struct_array().combine_chunks())
