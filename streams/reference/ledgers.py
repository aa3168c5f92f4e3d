"""The rules about money and people, plainly: for every day, from the records that were known when it began.

A record belongs to the first day that begins after its own local day and after it came in. What has the same key as such
a record, or as an event of a chain that a correction came into since the day before, is judged on that day by all standing
records of the rule's window; a rule that reads absence judges everything on every day. What is judged and not found stands
no more, nor does what was said of such a key when none of its records is left; what is not judged stays as it was, and so does
what a rule said with the day of its oldest record (``Dated``) once that is older than the window.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from schemas.profile import Profile
from streams.reference.authorities import counting
from streams.reference.corrections import chains, sound, standing
from streams.reference.received import Received

KEYS = {
    "revenue": ("opd", "cash_office"), "budget": ("opd", "sub_activity"), "population": ("family_card_token",),
    "activities": ("opd", "sub_activity"), "permits": ("case_id",),
}  # fmt: skip

Row = dict[str, Any]
Key = tuple[str, ...]
#: Level, what was seen, what is allowed. The level ``page`` is no alert: it is shown, and counts as not found unless the
#: rule is a page.
Said = tuple[str, float, float]


class Dated(NamedTuple):
    """What is said, and the local day of the oldest record that shows it."""

    said: Said
    oldest: str


class Silent(NamedTuple):
    """Nothing is said, for a reason; what was found in these scopes, or with None in all, is judged no more and stands."""

    reason: str
    stands: Mapping[str, None] | None


Answer = Mapping[str, Said | Dated | None] | Silent | str


class Today(NamedTuple):
    """``day`` is the local day that has begun; ``rows`` are the standing records of another domain within the window."""

    profile: Profile
    day: date
    at: int
    rows: Callable[[str], list[Row]]

    def parameter(self, name: str, default: float, on: date | None = None) -> float:
        """A parameter as of a day, today where none is given."""
        return self.profile.threshold(name, on or self.day, default)


@dataclass(frozen=True)
class Plain:
    """One rule. ``key`` is None for records that it does not read, a list for those that belong to several groups. ``judge``
    gives findings by scope, None for what is judged no more and stands as it was, or the reason why it says nothing. ``daily`` asks everybody who has
    a record of the last ``recent`` days, ``every`` so many days; ``reads`` is about single records."""

    domain: str
    window: int
    key: Callable[[Row], Key | list[Key] | None]
    judge: Callable[[list[Row], Today], Answer]
    daily: bool = False
    page: bool = False
    recent: int = 0
    every: int = 1
    reads: Callable[[Row, Profile], bool] | None = None


@dataclass
class Judged:
    """``standing`` by (rule, subject, scope); ``asked`` counts groups by (rule, the day before, outcome), where a reason
    is the outcome of those that nothing is said of; ``pages`` are what is shown, in millionths, by (rule, subject, the day
    before). ``oldest`` is the day of the oldest record of what was said with it."""

    standing: dict[tuple[str, str, str], Said]
    asked: Counter[tuple[str, str, str]]
    pages: dict[tuple[str, str, str], int]
    oldest: dict[tuple[str, str, str], str] = field(default_factory=dict)


def judge(
    rules: Mapping[str, Plain],
    events: Mapping[str, Iterable[Received]],
    profile: Profile,
    until: int,
    lateness: int,
) -> Judged:
    """What stands at ``until`` (UTC ms); ``lateness`` (ms) is the slowest source's. Records are without repeats, their
    timestamps the clocks of their partitions."""
    found = Judged({}, Counter(), {})
    known = {domain: sound(list(rows), KEYS[domain]) for domain, rows in events.items()}
    for day in _days(known, profile, until, lateness):
        at = _begins(profile, day) + lateness
        rows = {domain: _rows(domain, some, profile, day, at) for domain, some in known.items()}
        touched = {
            (domain, days): _touched(domain, some, profile, day, days, lateness)
            for domain, some in known.items()
            for days in {rule.every for rule in rules.values() if not _number(day) % rule.every}
        }
        for name, rule in rules.items():
            if _number(day) % rule.every:
                continue

            least = (day - timedelta(days=rule.window)).isoformat()

            def window(domain: str, least: str = least, rows: dict[str, list[Row]] = rows) -> list[Row]:
                return [row for row in rows.get(domain, ()) if row["day"] >= least]

            groups: defaultdict[Key, list[Row]] = defaultdict(list)
            for row in window(rule.domain):
                for key in _keys(rule, row, profile):
                    groups[key].append({**row, "key": key})
            again = {
                key for row in touched.get((rule.domain, rule.every), ()) for key in _keys(rule, row, profile)
            }
            for key in again - groups.keys():
                _forget(found, name, "|".join(key), least)
            lately = (day - timedelta(days=rule.recent or rule.window)).isoformat()
            for key, mine in groups.items():
                asked = rule.daily and any(row["day"] >= lately for row in mine)
                if asked or key in again:
                    said = rule.judge(mine, Today(profile, day, at, window))
                    before = (day - timedelta(days=1)).isoformat()
                    _note(found, name, key, said, before, least, page=rule.page)
    return found


def _keys(rule: Plain, row: Row, profile: Profile) -> list[Key]:
    if rule.reads is not None and not rule.reads(row, profile):
        return []
    key = rule.key(row)
    return [] if key is None else key if isinstance(key, list) else [key]


def _note(found: Judged, name: str, key: Key, said: Answer, on: str, least: str, *, page: bool) -> None:
    """``least`` is the first day of the rule's window."""
    subject = "|".join(key)
    silent = Silent(said, {}) if isinstance(said, str) else said if isinstance(said, Silent) else None
    answers: Mapping[str, Said | Dated | None] = (silent.stands or {}) if silent is not None else said  # type: ignore[assignment]
    by_scope = {scope: one.said if isinstance(one, Dated) else one for scope, one in answers.items()}
    shown = [one[1] for one in by_scope.values() if one is not None and one[0] == "page"]
    new = {
        (name, subject, scope): one for scope, one in by_scope.items() if one is not None and one[0] != "page"
    }
    found_any = bool(new) or (page and bool(shown))
    outcome = silent.reason if silent is not None else "found" if found_any else "not_found"
    found.asked[name, on, outcome] += 1
    if shown:
        found.pages[name, subject, on] = sum(round(1_000_000 * observed) for observed in shown)
    kept = {(name, subject, scope) for scope, one in by_scope.items() if one is None} & found.standing.keys()
    stands = {place: found.standing[place] for place in kept}
    if silent is None or silent.stands is not None:
        _forget(found, name, subject, least)
    found.standing.update(stands | new)
    for scope, one in answers.items():
        if isinstance(one, Dated):
            found.oldest[name, subject, scope] = one.oldest


def _forget(found: Judged, name: str, subject: str, least: str) -> None:
    """Take back what was said of a subject, but for what the rule cannot see any more."""
    for place in [place for place in found.standing if place[:2] == (name, subject)]:
        if found.oldest.get(place, least) >= least:
            del found.standing[place]


def _days(known: Mapping[str, list[Received]], profile: Profile, until: int, lateness: int) -> Iterator[date]:
    first = min((row.timestamp for rows in known.values() for row in rows), default=until)
    day = date.fromisoformat(profile.local_day(first)) + timedelta(days=1)
    while _begins(profile, day) + lateness <= until:
        yield day
        day += timedelta(days=1)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _begins(profile: Profile, day: date) -> int:
    return profile.calendar.day_start(day.isoformat())


def _rows(domain: str, some: list[Received], profile: Profile, day: date, at: int) -> list[Row]:
    """The standing records that belong to ``day`` or one before, in the order of (occurred_at, event id)."""
    came = counting(domain, standing([row for row in some if row.timestamp <= at], KEYS[domain]), profile)
    rows = [{**row.record, "day": profile.local_day(row.record["occurred_at"])} for row in came]
    return sorted(
        (row for row in rows if row["day"] < day.isoformat()),
        key=lambda row: (row["occurred_at"], row["event_id"]),
    )


def _touched(
    domain: str, some: list[Received], profile: Profile, day: date, days: int, lateness: int
) -> list[Row]:
    """Records that belong first to ``day`` or to as many ``days`` up to it, and all of a chain that a correction came into
    in that time."""
    since = day - timedelta(days=days)
    before, at = (_begins(profile, one) + lateness for one in (since, day))
    came = [row for row in some if row.timestamp <= at]
    found = []
    corrected = {
        root
        for row, root in zip(came, chains(came, KEYS[domain]), strict=True)
        if row.record["corrects"] and row.timestamp > before and root != row.record["event_id"]
    }
    for row, root in zip(came, chains(came, KEYS[domain]), strict=True):
        own = profile.local_day(row.record["occurred_at"])
        first = own < day.isoformat() and (row.timestamp > before or own >= since.isoformat())
        if (first or root in corrected) and counting(domain, [row], profile):
            found.append({**row.record, "day": own})
    return found
