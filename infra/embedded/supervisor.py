"""Starts the parts of a stack in order, watches them, starts again what dies, and stops everything in order.

One small state machine a part: waiting (for what it needs), starting, healthy, failed (waiting to be started again).
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from infra.embedded import processes
from infra.embedded.processes import Child

log: Any = structlog.get_logger("supervisor")

TICK = 0.1
LOOK_SECONDS = 1.0
STOP_SECONDS = 12.0
BACKOFF = (0.2, 1.0, 2.0, 5.0, 10.0)
CALM_SECONDS = 60.0
LATE_SECONDS, UNHEALTHY_SECONDS = 5.0, 60.0
#: After each death a part gets twice the time, up to this often: a broker that reads its logs again after a kill -9 on a busy
#: machine would otherwise be killed before it is done, for ever.
MOST_DOUBLINGS = 4


class StackError(RuntimeError):
    """A part could not be started."""


class LockedError(RuntimeError):
    """Another ``nadi up`` runs on this data folder."""


@dataclass(frozen=True)
class Part:
    """A part of the stack. ``command`` None is a step that is done once (``prepare``). ``healthy`` must answer within
    a second or two. ``working`` says that a part which is not healthy yet, or not now, is at work (reading its state, say): it
    is never killed then. ``needs`` names the parts that must be healthy before it starts; ``url`` is for people.

    ``eager`` starts the process at once: it gets its imports done and waits itself for the marker files of the steps
    that it needs (``Supervisor.marker``)."""

    name: str
    command: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    prepare: Callable[[], None] = lambda: None
    healthy: Callable[[], bool] = lambda: True
    working: Callable[[], bool] = lambda: False
    url: str = ""
    eager: bool = False


@dataclass
class State:
    """Where a part stands."""

    part: Part
    phase: str = "waiting"
    child: Child | None = None
    preparing: Future[None] | None = None
    looking: Future[tuple[bool, bool]] | None = None
    healthy: bool = False
    healthy_at: float = 0.0
    looked_at: float = 0.0
    restarts: int = 0
    attempts: int = 0
    retry_at: float = 0.0
    error: str = ""
    kill_at: float = 0.0
    goes_after: tuple[str, ...] = ()


class Supervisor:
    """Runs parts in ``folder``: logs in ``folder/log``, the record of what runs in ``folder/run/stack.json``.

    ``about`` is written into the record for other commands (addresses and the like).
    """

    def __init__(
        self, folder: Path, parts: list[Part], about: dict[str, Any], tell: Callable[[str, str], None]
    ) -> None:
        self.folder = folder.absolute()
        self.record = self.folder / "run" / "stack.json"
        self.states = {part.name: State(part) for part in parts}
        self._about = about
        self._tell = tell
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="supervisor")
        self._lock: Any = None

    def claim(self) -> list[str]:
        """Make this the only supervisor of the folder and end what an earlier one left; returns those names."""
        path = self.folder / "run" / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"another nadi up runs on {self.folder}; stop it, or use another --data-dir"
            ) from None
        for marker in path.parent.glob("*.done"):
            marker.unlink()
        left = processes.end(processes.records_from(self.record), STOP_SECONDS)
        if left:
            log.warning("ended what an earlier run left", parts=", ".join(left))
        return left

    def marker(self, step: str) -> Path:
        """The file that is there from when a step is done until the next start."""
        return self.folder / "run" / f"{step}.done"

    def add(self, parts: list[Part]) -> None:
        """More parts, from now on."""
        self.states.update((part.name, State(part)) for part in parts)

    def renew(self, parts: list[Part], about: dict[str, Any], after: tuple[str, ...] = ()) -> None:
        """Stop these parts and start them as they are described now; ``about`` changes the record accordingly.

        Returns at once: ``tick`` does the rest. Parts that go ``after`` others go on until those are healthy. The other
        parts go on, and the end of a renewed part is no death.
        """
        self._about |= about
        for part in parts:
            state = self.states[part.name]
            state.part, state.healthy = part, False
            if state.child is not None:
                state.phase, state.kill_at, state.goes_after = "renewing", 0.0, after
        self._save()

    def tick(self) -> None:
        """Look at every part once and do what is next for it."""
        changed = False
        for state in self.states.values():
            before = (state.phase, state.child.pid if state.child else 0, state.healthy)
            self._step(state)
            changed |= before != (state.phase, state.child.pid if state.child else 0, state.healthy)
        if changed:
            self._save()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Watch until ``stopping`` says so; the caller then calls ``stop``."""
        while not stopping():
            self.tick()
            time.sleep(TICK)

    def wait_healthy(self, names: list[str], seconds: float) -> None:
        """Watch until these parts are healthy. Raises StackError."""
        deadline = time.monotonic() + seconds
        while not all(self.states[name].healthy for name in names):
            self.tick()
            self.give_up_on(names)
            if time.monotonic() > deadline:
                late = ", ".join(name for name in names if not self.states[name].healthy)
                raise StackError(f"not ready after {seconds:.0f} s: {late}; see {self.folder / 'log'}")
            time.sleep(TICK)

    def give_up_on(self, names: list[str]) -> None:
        """Raise StackError when one of these parts died too often."""
        for name in names:
            state = self.states[name]
            if state.attempts >= len(BACKOFF):
                raise StackError(f"{name} does not start: {state.error}")

    def check_alive(self) -> None:
        """Raise StackError when a child has died."""
        for name, state in self.states.items():
            if state.child is not None and state.child.returncode is not None:
                raise StackError(f"{name} ended with code {state.child.returncode}:\n{state.child.tail()}")

    def stop(self) -> None:
        """Stop everything: what needs others before what it needs, each with time to finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        left = {name: state for name, state in self.states.items() if state.child is not None}
        while left:
            needed = {need for state in left.values() for need in self._all_needs(state.part)}
            wave = [state for name, state in left.items() if name not in needed] or list(left.values())
            for state in wave:
                if state.child:
                    state.child.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for state in wave:
                if state.child and not state.child.wait(deadline - time.monotonic()):
                    log.warning("did not stop in time, killed", part=state.part.name)
                    state.child.kill()
                self._tell(state.part.name, "stopped")
                left.pop(state.part.name)
        self.record.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def _all_needs(self, part: Part) -> set[str]:
        found: set[str] = set()
        for need in part.needs:
            found |= {need} | self._all_needs(self.states[need].part)
        return found

    def _step(self, state: State) -> None:
        now = time.monotonic()
        if state.phase == "waiting":
            if (state.part.eager or self._may_work(state)) and now >= state.retry_at:
                state.phase = "preparing"
                state.preparing = self._pool.submit(state.part.prepare)
        elif state.phase == "preparing":
            self._prepared(state)
        elif state.phase == "renewing" and state.child is not None:
            self._renewed(state, state.child, now)
        elif state.child is not None and state.child.returncode is not None:
            self._died(state, f"ended with code {state.child.returncode}: {state.child.tail(600).strip()}")
        elif state.part.command is not None:
            self._look(state, now)

    def _may_work(self, state: State) -> bool:
        return all(self.states[need].healthy for need in state.part.needs)

    def _prepared(self, state: State) -> None:
        if state.preparing is None or not state.preparing.done():
            return
        error = state.preparing.exception()
        if error is not None:
            self._died(state, f"{type(error).__name__}: {error}")
            return
        if state.part.command is None:
            self.marker(state.part.name).touch()
            state.phase, state.healthy = "done", True
            self._tell(state.part.name, "healthy")
            return
        state.child = Child(
            state.part.name,
            state.part.command,
            state.part.environment,
            self.folder / "log" / f"{state.part.name}.log",
            Path.cwd(),
        )
        state.phase, state.looked_at, state.healthy_at = "starting", 0.0, time.monotonic()
        self._tell(state.part.name, "starting")

    def _look(self, state: State, now: float) -> None:
        if state.phase == "starting" and not self._may_work(state):
            state.healthy_at = now  # it waits for its turn
            return
        if state.looking is None:
            if now - state.looked_at >= (TICK if not state.healthy else LOOK_SECONDS):
                state.looked_at = now
                state.looking = self._pool.submit(_looked_at, state.part)
            return
        if not state.looking.done():
            return
        good, working = (False, False) if state.looking.exception() else state.looking.result()
        state.looking = None
        if good:
            if not state.healthy:
                self._tell(state.part.name, "healthy")
            state.phase, state.healthy, state.healthy_at, state.error = "healthy", True, now, ""
            if state.restarts and now - state.retry_at > CALM_SECONDS:
                state.attempts = 0
            state.attempts = 0 if not state.restarts else state.attempts
        elif now - state.healthy_at > LATE_SECONDS:
            if state.healthy:
                self._tell(state.part.name, "unhealthy")
            state.healthy = False
            patience = UNHEALTHY_SECONDS * 2 ** min(state.attempts, MOST_DOUBLINGS)
            if now - state.healthy_at > patience and not working and state.child is not None:
                log.warning("unhealthy for too long, killed", part=state.part.name)
                state.child.kill()

    def _renewed(self, state: State, child: Child, now: float) -> None:
        if child.returncode is None:
            if not state.kill_at:
                if all(self.states[name].healthy for name in state.goes_after):
                    child.ask_to_stop()
                    state.kill_at = now + STOP_SECONDS
            elif now > state.kill_at:
                log.warning("did not stop in time, killed", part=state.part.name)
                child.kill()
            return
        self._tell(state.part.name, "stopped")
        state.phase, state.child, state.looking, state.retry_at, state.error = "waiting", None, None, 0.0, ""

    def _died(self, state: State, why: str) -> None:
        delay = BACKOFF[min(state.attempts, len(BACKOFF) - 1)]
        log.warning("part died, starting it again", part=state.part.name, why=_shortly(why), seconds=delay)
        self._tell(state.part.name, "died")
        state.error = why
        state.attempts += 1
        state.restarts += 1
        state.retry_at = time.monotonic() + delay
        state.phase, state.healthy, state.child, state.looking = "waiting", False, None, None

    def _save(self) -> None:
        parts = {
            name: {
                **(
                    processes.record_as_dict(state.child.record)
                    if state.child
                    else {"name": name, "pid": None}
                ),
                "phase": state.phase,
                "healthy": state.healthy,
                "restarts": state.restarts,
                "url": state.part.url,
            }
            for name, state in self.states.items()
            if state.part.command is not None
        }
        processes.save(self.record, {**self._about, "parts": parts})


def _looked_at(part: Part) -> tuple[bool, bool]:
    """Whether a part is healthy, and whether it is at work."""
    healthy = part.healthy()
    return healthy, healthy or part.working()


def _shortly(why: str) -> str:
    """The reason and the last line of the log: the rest stands in the log."""
    reason, _, tail = why.partition(":")
    last = tail.strip().splitlines()[-1:] or [""]
    return f"{reason}: {last[0][-200:]}"
