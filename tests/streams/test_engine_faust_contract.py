"""What faust_transport.py overrides or calls must exist in the pinned Faust, with the signatures it relies on."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import pytest
from faust.assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.transport import consumer as base
from faust.transport.drivers import aiokafka as driver

from streams.engine import faust_transport

SIGNATURES = [
    (driver.ConsumerRebalanceListener, "on_partitions_assigned", ["self", "assigned"]),
    (driver.Consumer, "on_partitions_revoked", ["self", "revoked"]),
    (driver.Consumer, "on_partitions_assigned", ["self", "assigned", "generation_id"]),
    (driver.Consumer, "_getmany", ["self", "active_partitions", "timeout"]),
    (driver.Consumer, "_drain_messages", ["self", "fetcher"]),
    (driver.Consumer, "_filter_tps_with_pending_acks", ["self", "topics"]),
    (PartitionAssignor, "assign", ["self", "cluster", "member_metadata"]),
    (driver.Consumer, "highwater", ["self", "tp"]),
    (driver.Consumer, "verify_event_path", ["self", "now", "tp"]),
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", ["self"]),
    (driver.AIOKafkaConsumerThread, "call_thread", ["self", "fun", "args", "kwargs"]),
    (TableManager, "_update_channels", ["self"]),
    (driver.Transport, "__init__", ["self", "args", "kwargs"]),
]


@pytest.mark.parametrize(("owner", "name", "parameters"), SIGNATURES)
def test_overridden_method_exists(owner: Any, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(inspect.unwrap(getattr(owner, name))).parameters) == parameters


def test_faust_is_the_pinned_one() -> None:
    assert version("faust-streaming") == faust_transport.FAUST_VERSION
    assert version("aiokafka").startswith("0.14.")


def test_names_inside_are_still_there() -> None:
    from aiokafka.consumer.group_coordinator import GroupCoordinator

    assert "_group_instance_id" in inspect.getsource(GroupCoordinator._maybe_leave_group)
    assert driver.Consumer.RebalanceListener is driver.ConsumerRebalanceListener
    assert "self._acked" in inspect.getsource(base.Consumer._filter_tps_with_pending_acks)
    assert (
        inspect.getsource(TableManager.on_start).count("await ") == 3
    )  # the wait, and what is done after it
    assert {"flow_active", "can_resume_flow"} <= set(base.Consumer.__annotations__)
    assert "consumer.getmany" not in inspect.getsource(base.Consumer._drain_messages)
