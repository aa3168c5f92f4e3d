"""The interfaces of the bus as AsyncAPI 3.0: topics, contracts, who publishes and who reads. Made, never written by hand.

The contracts come from ``schemas/avro``, topics from the catalogue, publishers from the profile's sources and the live
keys. Nothing secret is in it, not even the ids of keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from producers.access.book import Key
from producers.access.keys import TYPE_PREFIX, may_send
from schemas.catalogue import AGGREGATES, ALERTS, DISPOSITIONS, DOMAINS, HEARTBEATS, TOPICS, Topic
from schemas.profile import Profile
from schemas.registry import current

AVRO = "application/vnd.apache.avro;version=1.9.0"

STREAM, TABLES, WALL, DESK = (
    "Pengolah aliran",
    "Gudang data ClickHouse",
    "Papan informasi",
    "Halaman inspektorat",
)
_EVENTS = (STREAM, TABLES, WALL)
#: Which parts of Nadi read a topic, directly or from its table, and which writes it where no department does.
CONSUMERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{topic.name: _EVENTS for topic in DOMAINS.values()},
        HEARTBEATS.name: _EVENTS,
        **{topic.name: (TABLES, WALL) for topic in AGGREGATES.values()},
        ALERTS.name: (TABLES, WALL, DESK),
        DISPOSITIONS.name: (TABLES,),
    }
)
WRITERS: Mapping[str, str] = MappingProxyType(
    {
        **{topic.name: STREAM for topic in AGGREGATES.values()},
        ALERTS.name: STREAM,
        DISPOSITIONS.name: "",  # the contract stands, nothing writes it yet
    }
)
#: What a topic is, in a few words.
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "permits.steps": "Langkah perizinan", "revenue.receipts": "Penerimaan daerah",
        "budget.disbursements": "Pencairan anggaran", "population.changes": "Perubahan kependudukan",
        "activity.progress": "Kemajuan kegiatan", "source.heartbeats": "Denyut sumber data",
        "risk.alerts": "Peringatan risiko", "risk.dispositions": "Tindak lanjut peringatan",
        "aggregates.permits": "Angka perizinan", "aggregates.revenue": "Angka penerimaan",
        "aggregates.budget": "Angka anggaran", "aggregates.population": "Angka kependudukan",
        "aggregates.activities": "Angka kegiatan", "aggregates.regency": "Angka seluruh kabupaten",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes to a topic: a declared source, or a key's system (``declared`` False). ``live_key``: whether a key of
    the department that is no trial may send there now."""

    opd: str
    department: str
    name: str
    source: str
    declared: bool
    live_key: bool


def publishers(topic: Topic, profile: Profile, keys: Iterable[Key]) -> list[Publisher]:
    """Declared sources first, then systems that have a key for the topic and are not declared."""
    able = [key for key in keys if not key.sandbox and not key.operator and _may(key, topic)]
    found: list[Publisher] = []
    for source in profile.sources.values():
        if topic is HEARTBEATS or source.domain == topic.domain:
            live = any(key.opd == source.opd and _covers(key, source.id) for key in able)
            found.append(
                Publisher(source.opd, _short(profile, source.opd), source.name, source.id, True, live)
            )
    known = {(one.opd) for one in found}
    others = {(key.opd, key.system, key.sources[0]) for key in able if key.sources and key.opd not in known}
    found += [
        Publisher(opd, _short(profile, opd), system, source, False, True)
        for opd, system, source in sorted(others)
    ]
    return found


def document(profile: Profile, keys: Iterable[Key], url: str = "") -> dict[str, Any]:
    """The AsyncAPI document; ``keys`` are those that are live, ``url`` is the gateway's address."""
    live = list(keys)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for topic in TOPICS.values():
        name = topic.name
        contract = json.loads(current(topic.schema))
        messages[name] = {
            "name": contract["name"],
            "title": TITLES[name],
            "summary": contract.get("doc", ""),
            "contentType": "application/avro",
            "payload": {"schemaFormat": AVRO, "schema": contract},
            "bindings": {"kafka": {"key": {"type": "string", "description": " | ".join(topic.key)}}},
        }
        channels[name] = {
            "address": name,
            "title": TITLES[name],
            "messages": {"event": {"$ref": f"#/components/messages/{name}"}},
            "bindings": {"kafka": {"topic": name}},
            "x-retention-days": topic.days if topic.days is not None else profile.retention_years * 365,
        }
        by_department = name not in WRITERS
        operations[f"publish.{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": f"Penerbit: {WRITERS.get(name, 'OPD lewat gerbang') or 'belum ada'}",
            "x-publishers": [
                {
                    "opd": one.opd,
                    "department": one.department,
                    "system": one.name,
                    "source": one.source,
                    "declared": one.declared,
                    "live_key": one.live_key,
                }
                for one in publishers(topic, profile, live)
            ]
            if by_department
            else [{"system": writer} for writer in (WRITERS[name],) if writer],
        }
        operations[f"read.{name}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": "Pemakai: " + ", ".join(CONSUMERS[name]),
            "x-consumers": list(CONSUMERS[name]),
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Nadi {profile.name}",
            "version": version("nadi"),
            "description": "Bus kejadian pemerintah kabupaten. OPD mengirim lewat gerbang HTTP (CloudEvents); isinya "
            "tersimpan di Kafka sebagai Avro. Nomor orang tidak pernah tersimpan; yang tersimpan tokennya.",
        },
        "defaultContentType": "application/avro",
        **({"servers": {"gerbang": _server(url)}} if url else {}),
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _server(url: str) -> dict[str, Any]:
    scheme, _, host = url.partition("://")
    return {
        "host": host,
        "protocol": scheme,
        "description": "Gerbang kiriman OPD; lihat /openapi.json",
        "security": [{"type": "http", "scheme": "bearer"}],
    }


def _may(key: Key, topic: Topic) -> bool:
    if topic.domain is not None:
        return may_send(key.types, topic.domain)
    return any(fnmatchcase(f"{TYPE_PREFIX}{topic.name}.heartbeat.v1", pattern) for pattern in key.types)


def _covers(key: Key, source: str) -> bool:
    return any(source == prefix or source.startswith(prefix.rstrip("/") + "/") for prefix in key.sources)


def _short(profile: Profile, opd: str) -> str:
    department = profile.departments.get(opd)
    return department.short if department else opd
