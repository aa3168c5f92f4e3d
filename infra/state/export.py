"""The whole state as Parquet files, one for each domain and store, so that anybody can look at it with any tool."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from infra.settings import Settings
from infra.state.logs import recover, tasks
from infra.state.rows import processor_of, rows
from schemas.profile import Profile
from streams.engine.processor import Processor
from streams.engine.state_group import Header

Progress = Callable[[int, int], None]
HEADERS = "headers.json"


def export(
    settings: Settings,
    profile: Profile,
    domains: Iterable[str],
    out: Path,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, int]:
    """Write ``DOMAIN.STORE.parquet`` and ``headers.json`` to a folder; the number of rows by file.

    ``domains`` are those of the case tasks. Every file has the store's columns after ``task``; what a store packs is JSON text. Each task is as of its own last
    group, which its header names. Raises StateGroupError, TimeoutError, OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    headers: dict[int, Header] = {}
    with _Files(out) as files:
        everyone, wanted = tasks(settings.kafka), list(domains)
        for number, task in enumerate(everyone):
            progress(number, len(everyone))
            recovered = recover(settings.kafka, task)
            if recovered.header is None:
                continue
            headers[task] = recovered.header
            for domain in wanted:
                processor = processor_of(domain, task, recovered, profile, settings.streams)
                recovered.parts = [part for part in recovered.parts if part.domain != domain]
                for store, kept in processor.stores.items():
                    for batch in kept.freeze():
                        files.write(domain, store, _readable(processor, store, task, batch))
        counts = files.counts
    said = {str(task): msgspec.to_builtins(header) for task, header in headers.items()}
    (out / HEADERS).write_text(json.dumps(said, indent=2) + "\n", "utf-8")
    progress(len(everyone), len(everyone))
    return counts


class _Files:
    """The files, each opened with its first rows under a name of its own until all are written."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._writers: dict[str, Any] = {}
        self.counts: dict[str, int] = {}

    def write(self, domain: str, store: str, table: pa.Table) -> None:
        name = f"{domain}.{store}.parquet"
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self._out / f"{name}.part", table.schema, compression="zstd"
            )
            self.counts[name] = 0
        self._writers[name].write_table(table)
        self.counts[name] += table.num_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, writer in self._writers.items():
            writer.close()
            draft = self._out / f"{name}.part"
            if kind is None:
                draft.replace(self._out / name)
            else:
                draft.unlink()


def _readable(processor: Processor, store: str, task: int, batch: pa.RecordBatch) -> pa.Table:
    """The columns with the task before them, and packed columns as JSON text."""
    names, arrays = ["task"], [pa.repeat(pa.scalar(task, pa.int32()), batch.num_rows)]
    packed = [field.name for field in batch.schema if pa.types.is_binary(field.type)]
    texts: dict[str, list[str | None]] = {name: [] for name in packed}
    if packed:
        for row in rows(processor, store, batch.select(packed)):
            for name in packed:
                value = row[name]
                texts[name].append(None if value is None else json.dumps(value, ensure_ascii=False))
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        names.append(name)
        arrays.append(pa.array(texts[name], pa.string()) if name in texts else column)
    return pa.Table.from_arrays(arrays, names=names)
