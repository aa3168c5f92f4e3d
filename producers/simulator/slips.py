"""Slips of the pen in money documents, and late papers: what was wrong comes again, in place of the wrong one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from producers.simulator.world import DAY_MS, HOUR_MS, Group, Record, event_id

SLIPS = 0.004  # of documents
BY_HAND = 0.04  # of those out of the routine, which nothing fills in beforehand
UNUSUAL = frozenset({"void", "return", "reversal", "opening_balance"})
AGAIN = 0.12  # of corrections are wrong themselves
AUDITED = (
    0.12  # of slips are found by the auditors only, who examine a year in the first months of the next one
)
LATE = 0.01  # of documents are entered days after they were made

#: The fields of a document as somebody might get them wrong.
Mistake = Callable[[random.Random, Record], Record]


def correction(rng: random.Random, wrong: Record, right: Record, reason: str) -> Record:
    """``right`` as a new event in place of ``wrong``, a moment after it."""
    return {
        **right,
        "event_id": event_id(rng),
        "corrects": wrong["event_id"],
        "correction_reason": reason,
        "occurred_at": wrong["occurred_at"] + 1,
    }


def chains(events: Iterable[Record]) -> dict[str, str]:
    """The first event of the chain that each of some events is in, by id; what an event corrects comes before it, or is not
    among them."""
    first: dict[str, str] = {}
    for record in events:
        name: str = record["event_id"]
        wrong: str = record.get("corrects") or name
        first[name] = first.get(wrong, wrong)
    return first


def standing(events: Sequence[Record]) -> list[Record]:
    """Of events in order of arrival, those that no later one replaced."""
    first = chains(events)
    return list({first[record["event_id"]]: record for record in events}.values())


def swapped_digits(rng: random.Random, amount: int) -> int:
    """An amount as it is typed when two neighbouring digits change places: off by nine times a power of ten."""
    return amount + 9 * rng.choice((1_000, 10_000, 100_000))


def with_slips(rng: random.Random, domain: str, documents: Iterable[Record], mistake: Mistake) -> Group:
    """A group of documents in which a few were wrong at first and were corrected, and a few are heard of late.

    What finally stands are the documents as given. The first version keeps the id, so that whatever names a document
    names its chain.
    """
    events: list[Record] = []
    arrivals: dict[str, int] = {}
    for document in documents:
        versions = [document]
        if rng.random() < (BY_HAND if document["kind"] in UNUSUAL else SLIPS):
            versions = [document | mistake(rng, document)]
            while rng.random() < AGAIN:
                versions.append(
                    correction(rng, versions[-1], document | mistake(rng, document), "salah ketik")
                )
            # some systems name the document that was wrong, others the first one again
            last = correction(rng, rng.choice((versions[0], versions[-1])), document, "salah ketik")
            versions.append(last | {"occurred_at": versions[-1]["occurred_at"] + 1})
        at = document["occurred_at"]
        if rng.random() < LATE:
            at = arrivals[document["event_id"]] = at + int(DAY_MS * rng.uniform(0.5, 6))
        for version in versions[1:]:
            audited = rng.random() < AUDITED
            at += int(DAY_MS * rng.uniform(20, 110) if audited else HOUR_MS * rng.uniform(0.2, 30))
            arrivals[version["event_id"]] = at
        events += versions
    events.sort(key=lambda r: r["occurred_at"])
    return Group(domain, events[0]["occurred_at"], events, arrivals)
