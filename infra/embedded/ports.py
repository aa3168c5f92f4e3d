"""Ports on this machine: is one free, which one is free, and who holds one."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Container
from dataclasses import dataclass

LOCAL = "127.0.0.1"
RANGE = range(20_000, 32_000)
SPARE = 200
_drawn = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens on a port, as far as this user may see it."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


def is_free(port: int, host: str = LOCAL) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free(count: int = 1, host: str = LOCAL) -> list[int]:
    """That many different free ports, drawn from below those that systems give to outgoing connections: a server that
    starts a little later still finds them free."""
    probes: list[socket.socket] = []
    try:
        for port in (*_drawn.sample(RANGE, count + SPARE), *[0] * count):
            if len(probes) == count:
                break
            probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            probes.append(probe)
            try:
                probe.bind((host, port))
            except OSError:
                probes.pop().close()
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def holder(port: int) -> Holder | None:
    """Who listens on a port; None when nobody does or the system does not tell this user."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            try:
                return Holder(connection.pid, psutil.Process(connection.pid).name())
            except psutil.NoSuchProcess:
                return None
    return None


def answers(port: int, host: str = LOCAL, timeout: float = 0.5) -> bool:
    """Whether something accepts a connection there."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def wait_until_free(port: int, seconds: float) -> bool:
    """Wait for a port to be given back; False when it is still held after that many seconds."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def free_run(count: int, host: str = LOCAL, besides: Container[int] = ()) -> int:
    """The first of ``count`` neighbouring free ports, none of them of ``besides``."""
    for first in free(20, host):
        run = range(first, first + count)
        if run.stop < 65_536 and all(port not in besides and is_free(port, host) for port in run):
            return first
    raise OSError(f"no {count} neighbouring free ports on {host}")
