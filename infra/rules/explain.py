"""Everything behind an alert: its revisions, the events it rests on as they stand on the topics, and its rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra import records
from infra.rules.declared import declared, parameters
from infra.settings import Settings
from schemas.catalogue import ALERTS, TOPICS
from schemas.codec import Codec, DecodeError
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.rules import rules

Progress = Callable[[str, int, int], None]
#: Fields that every event has, or that say nothing to a person.
NOT_SHOWN = frozenset({"event_id", "source", "opd", "occurred_at", "kind", "case_id", "simulated", "mode"})


@dataclass(frozen=True, slots=True)
class Explained:
    """``alert`` is the newest revision, whole, ``revisions`` all of them in order. ``events`` are the evidence with the
    event as read from its topic (None where it is gone). ``parameters`` say where the profile has each value."""

    alert: dict[str, Any]
    revisions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    same_profile: bool
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
    found = [_explained(alert, said[name], events, profile) for name, alert in newest.items()]
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


def _explained(
    alert: dict[str, Any],
    revisions: list[dict[str, Any]],
    events: dict[Place, dict[str, Any]],
    profile: Profile,
) -> Explained:
    rule = rules().get(alert["rule"])
    named = ("revision", "status", "level", "clock", "published_at", "observed", "threshold", "sentence")
    return Explained(
        alert=alert,
        revisions=[
            {name: one[name] for name in (*named, "withdrawn_reason")}
            for one in sorted(revisions, key=lambda one: int(one["revision"]))
        ],
        events=[{**item, "event": events.get(_place(item))} for item in alert["evidence"]],
        parameters=_origins(alert, profile),
        same_profile=alert["profile_hash"] == profile.hash,
        rule=declared(rule) if rule is not None else None,
    )


def _origins(alert: dict[str, Any], profile: Profile) -> list[dict[str, Any]]:
    """Each value the alert was judged by, with the rows of the profile that could have given it, the nearest first."""
    rule = rules().get(alert["rule"])
    rows = parameters(rule, profile) if rule is not None else []
    found = []
    for name, value in sorted(alert["parameters"].items()):
        fits = [
            row
            for row in rows
            if row["name"] == name
            and _same(row["value"], value)
            and row["permit_type"] in ("", alert["permit_type"] or "")
        ]
        fits.sort(key=lambda row: (not row["permit_type"], not row["source"], row["valid_from"] is None))
        found.append({"name": name, "value": value, "origins": fits})
    return found


def _same(value: float, text: str) -> bool:
    try:
        return value == float(text)
    except ValueError:
        return False
