"""How a rule's table of examples is written: rows of events in local time, on the profile in ``example_profile``.

What an event does not say has a default there: the permit type ``IZIN``, the profile's only source, and for the first
event the counter. ``arrives`` is the local time at which it was received, where that is later than it happened; times
among the fields are local too. Something about every rule changes in that profile on 1 February 2026.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from streams.rules.rule import Example

PROFILE = Path(__file__).with_name("example_profile")
#: Two officers. The first may decide until the end of January 2026, the second from February on.
FIRST, SECOND = "petugassatuaaaaaaaaaaaaaaa", "petugasduaaaaaaaaaaaaaaaaa"
#: A permit type that the profile does not know.
OTHER_TYPE = "LAIN"

#: An applicant, and somebody who acts for applicants.
APPLICANT, AGENT = "pemohonsatuaaaaaaaaaaaaaaa", "kuasasatuaaaaaaaaaaaaaaaaa"
#: Two who are paid.
PAYEE, OTHER_PAYEE = "penyediasatuaaaaaaaaaaaaaa", "penyediaduaaaaaaaaaaaaaaaa"
#: Two whose births, moves and deaths are registered.
PERSON, OTHER_PERSON = "penduduksatuaaaaaaaaaaaaaa", "pendudukduaaaaaaaaaaaaaaaa"

Event = tuple[str, str, dict[str, Any]]
Group = tuple[int, tuple[Event, ...]]
#: Other cases, in groups by name.
Groups = dict[str, Group]


def on(at: str, kind: str, step: str | None = None, officer: str | None = None, **fields: Any) -> Event:
    """An event at a local time, ``2026-02-02 09:00``; fields as the contract of the topic names them."""
    return kind, at, {"step": step, "officer_token": officer, **fields}


def many(cases: int, *events: Event) -> Group:
    """A group of other cases that are all alike."""
    return cases, events


def row(
    situation: str,
    expects: Literal["found", "not found", "not applicable"],
    *events: Event,
    clock: str = "",
    level: str = "",
    observed: float | None = None,
    scope: str | None = None,
    peers: Groups | None = None,
) -> Example:
    """One row of a table: see ``Example``."""
    return Example(situation, events, expects, clock, level, observed, scope, peers or {})


#: Reasons that hold for every rule of one case by itself.
ONE_CASE = {"too few": "Satu berkas cukup; aturan ini tidak membandingkan dengan berkas lain."}
