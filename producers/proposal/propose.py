"""From a log to the mapping it most likely wants, or to the candidates among which a person must choose."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import tomlkit

from producers.log_files import LogFile
from producers.mapping import FILLED_IN, MappingError, event_fields, is_time
from producers.official import REPORTS
from producers.proposal.names import plain, ranked, usual
from producers.proposal.values import HALF, MOST_STEPS, MOSTLY, SELDOM, Values

LIFECYCLE = "lifecycle:transition"
LIFECYCLE_KINDS = {"start": "started", "complete": "finished"}
STRUCTURED = ("array", "map")

NAMES_SHOWN = 8

WHAT = {"case_id": "perkara", "occurred_at": "waktu", "step": "tahap"}


class ProposalError(MappingError):
    """A column that cannot be told; the message names the candidates and what to do."""


@dataclass(slots=True)
class Proposal:
    """Which column is which field, and why. ``toml`` is the mapping file."""

    domain: str
    source: str
    number_format: str = "plain"
    columns: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    closing: str = ""
    unused: list[str] = field(default_factory=list)

    @property
    def toml(self) -> str:
        """The mapping as a file that producers.mapping reads, with a comment on every choice."""
        file = tomlkit.document()
        file.add(tomlkit.comment("Usulan --mapping auto: periksa, ubah bila perlu, lalu pakai lagi"))
        file.add(
            tomlkit.comment(
                "dengan --mapping BERKAS_INI. Waktu tanpa selisih UTC dibaca pada zona kabupaten;"
            )
        )
        file.add(tomlkit.comment('zona lain: timezone = "Asia/Makassar".'))
        file["domain"] = self.domain
        file["source"] = self.source
        if self.number_format != "plain":
            file["number_format"] = self.number_format
        file["columns"] = columns = tomlkit.table()
        for name, column in self.columns.items():
            columns[name] = tomlkit.string(column)
            columns[name].comment(self.reasons[name])
        if self.constants:
            file["constants"] = constants = tomlkit.table()
            constants.update(self.constants)
        if self.kinds:
            file["values"] = {"kind": self.kinds}
        if self.closing:
            file["case"] = closing = tomlkit.table()
            closing["closing"] = tomlkit.string(self.closing)
            closing["closing"].comment(self.reasons["closing"])
        text = tomlkit.dumps(file)
        if self.unused:
            text += f"\n# Tidak dipakai: {', '.join(json.dumps(name, ensure_ascii=False) for name in self.unused)}\n"
        return text


def propose(domain: str, logs: Sequence[LogFile]) -> Proposal:
    """The mapping for a log of one domain, from the columns that all of its files have.

    Raises ProposalError where the case, the time, the step or another field that the contract needs cannot be told.
    """
    header = [name for name in logs[0].frame.columns if all(name in log.frame.columns for log in logs)]
    frame = pl.concat([log.frame.select(header) for log in logs], how="vertical_relaxed")
    stem = re.sub(r"[^a-z0-9]+", "-", logs[0].path.name.lower().partition(".")[0]).strip("-")
    return _Proposer(
        logs[0].path.name, Proposal(domain, f"/telaah/{stem or 'log'}"), Values(frame), header
    ).made()


class _Proposer:
    def __init__(self, file: str, proposal: Proposal, values: Values, header: list[str]) -> None:
        self._file, self._proposal, self._values, self._header = file, proposal, values, header
        self._usual = usual(proposal.domain)
        self._fields = event_fields(proposal.domain)
        self._reasons: dict[str, str] = {}

    def made(self) -> Proposal:
        if not self._values.rows:
            raise ProposalError(f"berkas {self._file}: tidak ada baris data; peta tidak dapat diusulkan")
        with_cases = "case_id" in self._fields
        case = self._named("case_id", self._values.repeats) if with_cases else None
        time = self._time(case) if "occurred_at" in self._fields else ""
        step = None
        if with_cases:
            case = case or self._case(
                time, self._named("step", lambda column: not self._values.is_time(column))
            )
            step = self._step(case)
            self._take("case_id", case)
        if time:
            self._take("occurred_at", time)
        if step:
            self._take("step", step)
        if "kind" in self._fields:
            self._kind(case, step)
        self._closing(case)
        self._others(case)
        self._check_complete()
        self._proposal.unused = [name for name in self._header if name not in self._taken()]
        return self._proposal

    # the three columns that a log cannot do without

    def _case(self, time: str, step: str | None) -> str:
        """By values: several rows each, in the order of time, each step once; of several such columns the one that
        tells the others."""
        values = self._values
        found = [
            column
            for column in self._header
            if column not in (time, step)
            and not values.is_time(column)
            and values.repeats(column)
            and values.varies(time, column) >= MOSTLY
            and values.in_order(column, time) >= MOSTLY
            and (step is None or values.together(column, step) >= MOSTLY)
        ]
        finest = [c for c in found if all(values.determines(c, other) for other in found)]
        return self._only("case_id", finest if len(finest) == 1 else found, values.repeats)

    def _time(self, case: str | None) -> str:
        """By name among the columns of times that move within a case, else the only such column."""
        values = self._values

        def moves(column: str) -> bool:
            return values.is_time(column) and (case is None or values.varies(column, case) > SELDOM)

        named = self._named("occurred_at", moves)
        if named:
            return named
        found = [column for column in self._header if moves(column)]
        return self._only("occurred_at", found, values.is_time)

    def _step(self, case: str) -> str:
        """By name among the columns that move within a case, else the only one with few values that does so mostly."""
        values = self._values

        def moves(column: str) -> bool:
            return not values.is_time(column) and values.varies(column, case) > SELDOM

        named = self._named("step", moves)
        if named:
            return named
        found = [
            column
            for column in self._header
            if moves(column)
            and 1 < values.distinct(column) <= min(MOST_STEPS, values.rows / 2)
            and values.varies(column, case) >= HALF
            and not any(column in ranked(name, self._header, self._usual.columns) for name in self._fields)
        ]
        return self._only("step", found, moves)

    def _only(self, name: str, found: list[str], likely: Callable[[str], bool]) -> str:
        if len(found) == 1:
            self._reasons[found[0]] = "dari nilainya"
            return found[0]
        listed = found or [column for column in self._header if likely(column)] or self._header
        shown = ", ".join(
            f"{column!r} ({self._values.distinct(column)} nilai)" for column in listed[:NAMES_SHOWN]
        ) + (f", dan {len(listed) - NAMES_SHOWN} lagi" if len(listed) > NAMES_SHOWN else "")
        raise ProposalError(
            f"berkas {self._file}: kolom {WHAT.get(name, name)} ({name}) tidak dapat ditentukan sendiri; "
            f"calon: {shown}. Tulis peta dengan {name} = {listed[0]!r} atau yang benar di bawah [columns], lalu "
            "pakai --mapping BERKAS.toml (contoh: examples/wabo-receipt.toml)"
        )

    # everything else

    def _kind(self, case: str | None, step: str | None) -> None:
        """A column of kinds; else steps that close a case; else the constant of the domain."""
        proposal, values = self._proposal, self._values
        if case and LIFECYCLE in self._header:
            found = {raw: LIFECYCLE_KINDS.get(plain(raw), "") for raw in values.values(LIFECYCLE)}
            if set(LIFECYCLE_KINDS.values()) <= set(found.values()) and values.filled(LIFECYCLE) == 1:
                self._take("kind", LIFECYCLE)
                proposal.kinds = {raw: kind for raw, kind in found.items() if kind}
                return
        known = self._usual.kinds | {kind: kind for kind in self._usual.kinds.values()}
        for column in ranked("kind", self._header, self._usual.columns):
            said = values.values(column)
            found = {raw: known.get(plain(raw), "") for raw in said}
            right = sum(1 for kind in found.values() if kind) >= MOSTLY * len(said) or not known
            moves = case is None or values.varies(column, case) > SELDOM
            if said and right and moves and values.filled(column) == 1:
                self._take("kind", column)
                proposal.kinds = {raw: kind for raw, kind in found.items() if kind and kind != raw}
                return
        if step and not self._closing_columns(case) and values.filled(step) == 1:
            steps = values.values(step)
            if any(plain(name) in self._usual.closing_steps for name in steps):
                self._take("kind", step)
                proposal.kinds = {
                    name: self._usual.closing_steps.get(plain(name), self._usual.kind) for name in steps
                }
                return
        if self._usual.kind:
            proposal.constants["kind"] = self._usual.kind

    def _closing(self, case: str | None) -> None:
        for column in self._closing_columns(case):
            self._proposal.closing = column
            self._proposal.reasons["closing"] = self._reason(column)
            return

    def _closing_columns(self, case: str | None) -> list[str]:
        """Columns of times that say once per case when it closed."""
        if case is None:
            return []
        columns, header = self._usual.columns, self._header
        due = ranked("due_at", header, columns)
        names = [name for name in ranked("closing", header, columns, whole=True) if name not in due]
        return [name for name in names if name not in self._taken() and self._once(name, case)]

    def _once(self, column: str, case: str) -> bool:
        return self._values.is_time(column) and self._values.determines(case, column)

    def _others(self, case: str | None) -> None:
        report = self._proposal.domain in REPORTS
        for name, spec in self._fields.items():
            if (
                name in self._proposal.columns
                or name in self._proposal.constants
                or (not report and name in FILLED_IN - {"event_id"})
            ):
                continue
            if isinstance(spec["type"], dict) and spec["type"].get("type") in STRUCTURED:
                continue
            named = [c for c in ranked(name, self._header, self._usual.columns) if c not in self._taken()]
            found = next((column for column in named if self._right(name, spec, column, case)), None)
            if found is None and report and "default" not in spec and named:
                found = named[0]  # its values are named one by one when they are read
            if found is not None:
                self._take(name, found)

    def _right(self, name: str, spec: dict[str, Any], column: str, case: str | None) -> bool:
        values = self._values
        if name == "event_id":
            return values.is_unique(column)
        if name == "due_at" and case:
            return self._once(column, case)
        if is_time(spec):
            return values.is_time(column)
        if values.is_time(column) or not values.distinct(column):
            return False
        if _number(spec) and values.has_indonesian_numbers(column):
            self._proposal.number_format = "id"
        return values.fits(column, spec, self._proposal.number_format)

    def _check_complete(self) -> None:
        have = set(self._proposal.columns) | set(self._proposal.constants) | FILLED_IN
        missing = [name for name, spec in self._fields.items() if "default" not in spec and name not in have]
        if missing:
            free = [name for name in self._header if name not in self._taken()]
            raise ProposalError(
                f"berkas {self._file}: kolom untuk {', '.join(missing)} tidak dapat ditentukan sendiri; "
                f"calon: {', '.join(map(repr, free[:NAMES_SHOWN])) or 'tidak ada'}. Tulis peta dengan "
                f'{missing[0]} = "…" di bawah [columns], lalu pakai --mapping BERKAS.toml'
            )

    def _named(self, name: str, good: Callable[[str], bool]) -> str | None:
        return next((c for c in ranked(name, self._header, self._usual.columns) if good(c)), None)

    def _take(self, name: str, column: str) -> None:
        self._proposal.columns[name] = column
        self._proposal.reasons[name] = self._reason(column)

    def _taken(self) -> set[str]:
        return {*self._proposal.columns.values(), self._proposal.closing}

    def _reason(self, column: str) -> str:
        filled = self._values.filled(column)
        share = "" if filled == 1 else f", {filled * 100:.0f} % terisi"
        why = self._reasons.get(column, "dari namanya")
        return f"{why}; {self._values.distinct(column)} nilai{share}"


def _number(spec: dict[str, Any]) -> bool:
    kinds = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
    return bool({"long", "int", "double"} & {kind for kind in kinds if isinstance(kind, str)})
