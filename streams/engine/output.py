"""From a commit to the records of its transaction: outputs, dead letters, state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from schemas.catalogue import AGGREGATES, ALERTS, DEAD_LETTER_SUFFIX, Layout
from schemas.codec import HEADER, MAGIC, Codec
from schemas.dead_letters import DeadLetter
from schemas.registry import SchemaIds
from streams.engine.alerts import records_of
from streams.engine.state_group import Piece, pieces_of
from streams.engine.task import Commit, Said
from streams.engine.transaction import Bulk, Output, Record


class Encoder:
    """``log`` is the cluster topic and partition of the task's state log."""

    def __init__(self, layout: Layout, ids: SchemaIds) -> None:
        self._layout = layout
        self._speaks = not layout.rebuild
        schema = next(iter(AGGREGATES.values())).schema
        writer = ids.writer(schema)
        self._head = HEADER.pack(MAGIC, writer.id)
        self._schema = writer.text
        self._arrow = pyruhvro.avro_to_arrow_schema(writer.text)
        self._alerts = Codec(ALERTS.schema, ids)

    def records(self, commit: Commit, log: str, partition: int) -> Iterator[Output]:
        """Aggregates, alerts, dead letters, then the state group and what goes of a snapshot; of a set that is computed
        anew only what is state. Raises ValueError naming a field that is wrong."""
        for said in commit.said if self._speaks else ():
            if said.aggregates is not None:
                yield self._aggregates(said, said.aggregates, partition)
            if said.alerts is not None:
                yield from self._alert_records(said, partition)
        for tally in commit.tallies.values() if self._speaks else ():
            for letter in tally.letters:
                yield letter_record(letter)
        for piece in pieces_of(commit.parts, commit.header):
            yield _state(log, partition, piece)
        if commit.freeze is not None:
            for piece in commit.freeze.pieces():
                record = _state(log, partition, piece)
                yield record._replace(noted=commit.freeze.note, failpoint="stream.snapshot")

    def _aggregates(self, said: Said, batch: pa.RecordBatch, partition: int) -> Bulk:
        """One record a key. They go to the task's own partition: the version orders them, whatever their partition."""
        topic = AGGREGATES[said.domain]
        same: dict[str, Any] = {
            "source_topic": said.topic,
            "source_partition": said.partition,
            "version": said.version,
            "as_of": said.as_of,
            "published_at": said.published_at,
            "simulated": said.simulated,
        }
        rows = batch.num_rows
        arrays = [
            pa.repeat(pa.scalar(same[field.name], field.type), rows)
            if field.name in same
            else batch.column(field.name)
            for field in self._arrow
        ]
        whole = pa.RecordBatch.from_arrays(arrays, schema=self._arrow)
        bodies = pyruhvro.serialize_record_batch(whole, self._schema, 1)[0]
        values = pc.binary_join_element_wise(pa.scalar(self._head, pa.binary()), bodies, b"").to_pylist()
        keys = pc.binary_join_element_wise(*(batch.column(name) for name in topic.key), "|")
        return Bulk(
            self._layout.topic(topic.name),
            partition,
            keys.cast(pa.binary()).to_pylist(),
            values,
            "stream.output",
        )

    def _alert_records(self, said: Said, partition: int) -> Iterator[Record]:
        name = self._layout.topic(ALERTS.name)
        for alert in records_of(said.alerts):
            value = self._alerts.encode({**alert, "published_at": said.published_at})
            yield Record(name, ALERTS.key_of(alert), value, partition, failpoint="stream.output")


def letter_record(letter: DeadLetter) -> Record:
    """A dead letter beside its topic, in its partition."""
    return Record(
        letter.topic + DEAD_LETTER_SUFFIX, letter.key, letter.value, letter.partition, letter.timestamp,
        letter.all_headers(), failpoint="stream.letter",
    )  # fmt: skip


def _state(log: str, partition: int, piece: Piece) -> Record:
    return Record(log, None, piece.value, partition, 0, piece.headers(), failpoint="stream.state-part")
