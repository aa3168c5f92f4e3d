"""Everything behind an alert: its revisions, the events it rests on as they stand on the topics, and its rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from infra.activation import ActivationError, Activations
from infra.rules.declared import declared, value_row
from infra.settings import Settings
from schemas import records
from schemas.catalogue import ALERTS, TOPICS
from schemas.codec import Codec, DecodeError
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.rules import rules
from streams.rules.as_of import KEYS, AsOf
from streams.rules.rule import Rule

Progress = Callable[[str, int, int], None]
#: Fields that every event has, or that say nothing to a person.
NOT_SHOWN = frozenset({"event_id", "source", "opd", "occurred_at", "kind", "case_id", "simulated", "mode"})


@dataclass(frozen=True, slots=True)
class Explained:
    """``alert`` is the newest revision, whole, ``revisions`` all of them in order. ``events`` are the evidence with the
    event as read from its topic (None where it is gone).

    ``as_of`` is the day, permit type and source the parameters were read for (None in alerts that do not say it). Each of
    ``parameters`` has the value it was judged by, ``origin``, the row of the profile it was judged by that gave it (the
    rule's default where none did; None where that cannot be told), and ``now``, the row that gives it in the profile in
    use. ``same_profile``: the two profiles are one; ``profile_kept``: the one it was judged by is still there to read.
    """

    alert: dict[str, Any]
    revisions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    as_of: dict[str, str] | None
    same_profile: bool
    profile_kept: bool
    rule: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def explain(
    settings: Settings, profile: Profile, wanted: str, progress: Progress = lambda _key, _done, _total: None
) -> list[Explained]:
    """All alerts with this id or about this subject, by rule and scope. Raises TimeoutError."""
    said: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for alert in _said(settings, wanted, progress):
        said[alert["alert_id"]].append(alert)
    newest = {
        name: max(revisions, key=lambda alert: int(alert["revision"])) for name, revisions in said.items()
    }
    places = {_place(item) for alert in newest.values() for item in alert["evidence"]}
    events = read_back(settings, places, lambda done, total: progress("bukti", done, total))
    judged_by = _kept(settings, profile, {alert["profile_hash"] for alert in newest.values()})
    found = [_explained(alert, said[name], events, profile, judged_by) for name, alert in newest.items()]
    return sorted(found, key=lambda one: (one.alert["rule"], one.alert["scope"]))


def _said(settings: Settings, wanted: str, progress: Progress) -> Iterator[dict[str, Any]]:
    codec = Codec(ALERTS.schema, open_ids(settings.kafka.schema_registry_url))
    topic = settings.kafka.layout().topic(ALERTS.name)
    name = wanted.encode()
    for message in records.read_topics(
        settings.kafka.bootstrap_servers, [topic], lambda done, total: progress("indikasi", done, total)
    ):
        if name not in (message.value() or b""):
            continue
        try:
            alert = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        if wanted in (alert["alert_id"], alert["subject"]):
            yield alert


Place = tuple[str, int, int]


def _place(item: dict[str, Any]) -> Place:
    return item["topic"], int(item["partition"]), int(item["offset"])


def read_back(
    settings: Settings, places: set[Place], progress: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[Place, dict[str, Any]]:
    """The events at (topic of the catalogue, partition, offset); those that are gone or cannot be read are left out."""
    kafka = settings.kafka
    layout, ids = kafka.layout(), open_ids(kafka.schema_registry_url)
    by_name = {layout.topic(name): name for name, _partition, _offset in places if name in TOPICS}
    codecs = {name: Codec(TOPICS[name].schema, ids) for name in by_name.values()}
    wanted = [(layout.topic(name), partition, offset) for name, partition, offset in places if name in codecs]
    found: dict[Place, dict[str, Any]] = {}
    for number, message in enumerate(records.pick(kafka.bootstrap_servers, wanted), 1):
        name = by_name[message.topic()]
        try:
            found[name, message.partition(), message.offset()] = codecs[name].decode(message.value())
        except DecodeError:
            continue
        progress(number, len(wanted))
    return found


def _kept(settings: Settings, profile: Profile, hashes: set[str]) -> dict[str, Profile]:
    """By hash: the profile in use, and those of which the data folder has a sound copy."""
    found = {profile.hash: profile}
    activations = Activations(settings.data_dir)
    for digest in sorted(hashes - {profile.hash, ""}):
        try:
            found[digest] = activations.load(digest)
        except ActivationError:
            continue  # said of the alert: its profile is not kept
    return found


def _explained(
    alert: dict[str, Any],
    revisions: list[dict[str, Any]],
    events: dict[Place, dict[str, Any]],
    profile: Profile,
    kept: dict[str, Profile],
) -> Explained:
    rule, judged_by = rules().get(alert["rule"]), kept.get(alert["profile_hash"])
    as_of = AsOf.told(alert["parameters"])
    named = ("revision", "status", "level", "clock", "published_at", "observed", "threshold", "sentence")
    return Explained(
        alert=alert,
        revisions=[
            {name: one[name] for name in (*named, "withdrawn_reason")}
            for one in sorted(revisions, key=lambda one: int(one["revision"]))
        ],
        events=[{**item, "event": events.get(_place(item))} for item in alert["evidence"]],
        parameters=[
            {
                "name": name,
                "value": value,
                "origin": _given(_row(rule, name, as_of, judged_by), value),
                "now": _row(rule, name, as_of, profile),
            }
            for name, value in sorted(alert["parameters"].items())
            if name not in KEYS
        ],
        as_of=as_of._asdict() if as_of is not None else None,
        same_profile=alert["profile_hash"] == profile.hash,
        profile_kept=judged_by is not None,
        rule=declared(rule) if rule is not None else None,
    )


def _row(rule: Rule | None, name: str, as_of: AsOf | None, profile: Profile | None) -> dict[str, Any] | None:
    """What gives a parameter its value; None for what is no parameter of the rule."""
    if rule is None or as_of is None or profile is None:
        return None
    parameter = next((p for p in rule.parameters if f"{rule.id}.{p.name}" == name), None)
    if parameter is None:
        return None
    day = date.fromisoformat(as_of.day)
    threshold = profile.threshold_row(name, day, as_of.permit_type, as_of.source)
    return value_row(rule, parameter, threshold or parameter.by_law(day))


def _given(row: dict[str, Any] | None, value: str) -> dict[str, Any] | None:
    """The row if it has the value: a rule's own may be another since the alert was said."""
    return row if row is not None and str(float(row["value"])) == value else None
