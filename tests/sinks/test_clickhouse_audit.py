"""What `nadi state verify` says of the table: every offset is a row or a dead letter, and no repeat is counted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from clickhouse_stack import SinkStack, wait_for

from infra.settings import Settings
from infra.verify import table as verified

pytestmark = pytest.mark.kafka


def test_a_table_that_lost_rows_or_counts_repeats_is_found(
    kafka: Any, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SinkStack(kafka.bootstrap, kafka.layout(), engine_url) as stack:
        settings = Settings(kafka=stack.kafka, clickhouse=stack.settings)
        assert verified.unaccounted("permits", settings) == [], "nothing is there, and nothing should be"
        stack.publish_many(40)
        stack.publish(0, b"\x01broken")
        again = stack.codec.encode(stack.event(event_id=str(uuid.uuid4())))
        for _ in range(2):
            stack.publish(3, again)
        stack.flush()
        stack.start()
        stack.wait_for_rows(42)
        wait_for("the letter", lambda: stack.query("SELECT count() FROM {db}.dead_letters") == [(1,)])
        assert verified.unaccounted("permits", settings) == []
        monkeypatch.setattr(verified, "TABLE_SECONDS", 0.0)
        table = f"{stack.settings.database}.permits_steps"
        steps = [
            ("DELETE WHERE _partition = 1 AND _offset = 3", "permits.steps[1]: offsets 0 to 9, 9 rows, 0 dead letters, 1 missing"),
            ("DELETE WHERE _partition = 2 AND _offset = 9", "permits.steps[2]: offsets 0 to 9 should be there, 0 to 8 are"),
            ("UPDATE is_repeat = false WHERE _partition = 3", "1 repeats counted"),
            ("DELETE WHERE _partition = 0", "permits.steps[0]: offsets 0 to 10 should be there, 10 to 10 are"),
        ]  # fmt: skip
        for done, (damage, _) in enumerate(steps, 1):
            stack.client.command(f"ALTER TABLE {table} {damage} SETTINGS mutations_sync = 1")
            found = "\n".join(verified.unaccounted("permits", settings))
            assert [said in found for _, said in steps] == [n < done for n in range(len(steps))], found
