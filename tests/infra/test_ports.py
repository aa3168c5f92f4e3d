"""Ports: free or held, and by whom."""

from __future__ import annotations

import os
import socket

import pytest

from infra.embedded import ports
from infra.embedded.stack import _addressed
from infra.settings import Settings


def test_a_held_port_is_not_free_and_its_holder_is_named() -> None:
    with socket.create_server((ports.LOCAL, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.answers(port)
        assert not ports.wait_until_free(port, 0.1)
        holder = ports.holder(port)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert f"(pid {os.getpid()})" in str(holder)
    assert ports.wait_until_free(port, 2)
    assert ports.holder(port) is None


def test_free_ports_differ() -> None:
    found = ports.free(20)
    assert len(set(found)) == 20
    assert all(ports.is_free(port) for port in found)
    assert set(found) <= set(ports.RANGE), "outgoing connections of this machine take others"


def test_neighbouring_ports() -> None:
    first = ports.free_run(5)
    assert all(ports.is_free(first + i) for i in range(5))
    with pytest.raises(OSError, match="no 5 neighbouring"):
        ports.free_run(5, besides=ports.RANGE)


def test_none_are_asked_for() -> None:
    assert ports.free(0) == []


def test_ports_that_were_chosen_stay() -> None:
    chosen = _addressed(Settings.load({"kafka.partitions": 2}), given_kafka=False, given_clickhouse=False)
    assert chosen.kafka.bootstrap_servers == f"127.0.0.1:{chosen.ports.kafka}"
    assert chosen.ports == Settings().ports
