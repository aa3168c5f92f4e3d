"""The supervisor, with small real processes: order, restart, stop, leftovers, one per folder."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.embedded import processes
from infra.embedded import supervisor as module
from infra.embedded.supervisor import LockedError, Part, StackError, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({0!r}, 'w'); time.sleep(600)",
]


class Story:
    """What the supervisor told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, name: str, event: str) -> None:
        self.told.append((name, event))

    def of(self, event: str) -> list[str]:
        return [name for name, what in self.told if what == event]


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def make(tmp_path: Path, story: Story) -> Iterator[Callable[[list[Part]], Supervisor]]:
    made: list[Supervisor] = []

    def build(parts: list[Part]) -> Supervisor:
        supervisor = Supervisor(tmp_path / "data", parts, {"kafka": "k"}, story)
        supervisor.claim()
        made.append(supervisor)
        return supervisor

    yield build
    for supervisor in made:
        supervisor.stop()


def until(supervisor: Supervisor, condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        supervisor.tick()
        assert time.monotonic() < deadline, supervisor.states
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_parts_start_after_what_they_need_and_stop_before_it(
    make: Callable[[list[Part]], Supervisor], story: Story
) -> None:
    supervisor = make(
        [
            Part("page", SLEEP, needs=("step",)),
            Part("step", needs=("broker",)),
            Part("broker", SLEEP),
        ]
    )
    supervisor.wait_healthy(["page"], 20)
    assert story.of("healthy") == ["broker", "step", "page"]
    pids = [state.child.pid for state in supervisor.states.values() if state.child]
    supervisor.stop()
    assert story.of("stopped") == ["page", "broker"]
    assert all(gone(pid) for pid in pids)
    assert not supervisor.record.exists()


def test_an_eager_part_starts_at_once_and_is_healthy_only_after_what_it_needs(
    make: Callable[[list[Part]], Supervisor], story: Story, tmp_path: Path
) -> None:
    hold = tmp_path / "hold"
    hold.touch()

    def step() -> None:
        while hold.exists():
            time.sleep(0.02)

    supervisor = make([Part("step", prepare=step), Part("page", SLEEP, needs=("step",), eager=True)])
    until(supervisor, lambda: story.of("starting") == ["page"])
    for _ in range(20):
        supervisor.tick()
    assert not supervisor.states["page"].healthy
    assert not supervisor.marker("step").exists()
    hold.unlink()
    until(supervisor, lambda: supervisor.states["page"].healthy)
    assert supervisor.marker("step").exists()


def test_a_part_that_is_killed_comes_back(make: Callable[[list[Part]], Supervisor], story: Story) -> None:
    supervisor = make([Part("a", SLEEP), Part("b", SLEEP)])
    supervisor.wait_healthy(["a", "b"], 20)
    child, other = supervisor.states["a"].child, supervisor.states["b"].child
    assert child is not None
    assert other is not None
    os.kill(child.pid, signal.SIGKILL)
    until(supervisor, lambda: story.of("died") == ["a"])
    until(supervisor, lambda: supervisor.states["a"].healthy)
    again = supervisor.states["a"].child
    assert again is not None
    assert again.pid != child.pid
    assert supervisor.states["b"].child is other
    assert supervisor.states["a"].restarts == 1


def test_a_part_that_never_starts_is_reported_with_the_end_of_its_log(
    make: Callable[[list[Part]], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF", (0.0, 0.05))
    broken = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    supervisor = make([Part("broken", broken, healthy=lambda: False)])
    with pytest.raises(StackError, match=r"broken does not start: .*the port is taken"):
        supervisor.wait_healthy(["broken"], 20)


def test_a_step_that_fails_is_tried_again(make: Callable[[list[Part]], Supervisor]) -> None:
    tries: list[int] = []

    def step() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")

    supervisor = make([Part("step", prepare=step)])
    supervisor.wait_healthy(["step"], 20)
    assert len(tries) == 2


def test_a_part_that_ignores_sigterm_is_killed(
    make: Callable[[list[Part]], Supervisor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.5)
    ready = tmp_path / "ready"
    command = [*STUBBORN[:2], STUBBORN[2].format(str(ready))]
    supervisor = make([Part("stubborn", command, healthy=ready.exists)])
    supervisor.wait_healthy(["stubborn"], 20)
    child = supervisor.states["stubborn"].child
    assert child is not None
    supervisor.stop()
    assert gone(child.pid)


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(tmp_path: Path, story: Story) -> None:
    code = (
        "import sys; from pathlib import Path; from infra.embedded.supervisor import Part, Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path)!r}), [Part('a', {SLEEP!r}), Part('b', {SLEEP!r})], {{}}, lambda *_: None)\n"
        "s.claim(); s.wait_healthy(['a', 'b'], 20); print('up', flush=True)\n"
        "s.run(lambda: False)\n"
    )
    import subprocess

    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        first.kill()
    left = [record.pid for record in processes.records_from(tmp_path / "run" / "stack.json")]
    assert len(left) == 2
    assert not any(gone(pid) for pid in left)
    second = Supervisor(tmp_path, [], {}, story)
    assert sorted(second.claim()) == ["a", "b"]
    assert all(gone(pid) for pid in left)
    second.stop()


def test_a_process_that_only_has_the_same_id_is_left_alone() -> None:
    mine = psutil.Process()
    recorded = processes.Record("other", mine.pid, mine.create_time() - 1000, "")
    assert recorded.process() is None
    assert processes.end([recorded], 0.1) == []


def test_one_supervisor_per_folder(make: Callable[[list[Part]], Supervisor], story: Story) -> None:
    supervisor = make([])
    with pytest.raises(LockedError, match="another nadi up runs on"):
        Supervisor(supervisor.folder, [], {}, story).claim()


def test_the_record_is_for_this_user_only(make: Callable[[list[Part]], Supervisor]) -> None:
    supervisor = make([Part("a", SLEEP)])
    supervisor.wait_healthy(["a"], 20)
    assert supervisor.record.stat().st_mode & 0o077 == 0


def test_renewed_parts_start_again_as_described_and_others_go_on(
    make: Callable[[list[Part]], Supervisor], story: Story
) -> None:
    supervisor = make([Part("worker", SLEEP), Part("broker", SLEEP)])
    supervisor.wait_healthy(["worker", "broker"], 20)
    old, broker = (supervisor.states[name].child for name in ("worker", "broker"))
    assert old is not None
    assert broker is not None
    supervisor.renew([Part("worker", SLEEP, {"NADI_TEST_PROFILE": "b"})], {"profile": "b"})
    assert '"profile": "b"' in supervisor.record.read_text()
    assert not supervisor.states["worker"].healthy
    until(supervisor, lambda: supervisor.states["worker"].healthy)
    new = supervisor.states["worker"].child
    assert new is not None
    assert new.pid != old.pid
    assert gone(old.pid)
    assert psutil.Process(new.pid).environ()["NADI_TEST_PROFILE"] == "b"
    assert supervisor.states["broker"].child is broker
    assert supervisor.states["worker"].restarts == 0
    assert story.of("died") == []


def test_a_part_that_does_not_stop_is_killed_and_renewed(
    make: Callable[[list[Part]], Supervisor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    stubborn = [*STUBBORN[:2], STUBBORN[2].format(str(ready))]
    supervisor = make([Part("worker", stubborn)])
    until(supervisor, lambda: supervisor.states["worker"].healthy and ready.exists())
    old = supervisor.states["worker"].child
    assert old is not None
    supervisor.renew([Part("worker", SLEEP)], {})
    until(supervisor, lambda: supervisor.states["worker"].healthy)
    assert gone(old.pid)
    assert supervisor.states["worker"].restarts == 0


def test_a_part_that_starts_slowly_gets_more_time_each_time(
    make: Callable[[list[Part]], Supervisor], story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATE_SECONDS", 0.1)
    monkeypatch.setattr(module, "UNHEALTHY_SECONDS", 0.5)
    supervisor = make([])
    since: dict[int, float] = {}

    def slow() -> bool:
        child = supervisor.states["slow"].child
        return child is not None and time.monotonic() - since.setdefault(child.pid, time.monotonic()) > 1.2

    supervisor.add([Part("slow", SLEEP, healthy=slow)])
    until(supervisor, lambda: supervisor.states["slow"].healthy)
    assert 1 <= supervisor.states["slow"].restarts <= 3


def test_a_part_that_is_at_work_is_not_killed(
    make: Callable[[list[Part]], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATE_SECONDS", 0.1)
    monkeypatch.setattr(module, "UNHEALTHY_SECONDS", 0.2)
    begun = time.monotonic()
    part = Part("reads", SLEEP, healthy=lambda: time.monotonic() - begun > 2, working=lambda: True)
    supervisor = make([part])
    until(supervisor, lambda: supervisor.states["reads"].healthy)
    assert supervisor.states["reads"].restarts == 0
