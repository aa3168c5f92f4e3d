"""What the data of each event type must be: typed structs made from the Avro schemas, for msgspec's decoder.

A struct takes what ``schemas.events`` takes (``producers.client`` checks with that), and refuses besides what streams
would only set aside as a dead letter (``schemas.acceptance``). tests/gateway compares all three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.acceptance import NOT_NEGATIVE
from schemas.catalogue import DOMAINS, HEARTBEATS, Topic
from schemas.registry import current

#: Fields that the envelope gives; data may repeat them if they are equal.
ENVELOPE = ("event_id", "source", "opd", "occurred_at", "kind")
PUBLISHABLE: Mapping[str, Topic] = {t.name: t for t in (*DOMAINS.values(), HEARTBEATS)}
PREFIX = "id.go.nadi"
MOST_TYPES = 4096

Int: TypeAlias = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
Natural: TypeAlias = Annotated[int, Meta(ge=0, lt=2**31)]
Long: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
LongNatural: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]

_PRIMITIVES: dict[str, Any] = {"string": str, "int": Int, "long": Long, "boolean": bool, "double": float}
_NATURALS: dict[str, Any] = {"int": Natural, "long": LongNatural}


@dataclass(frozen=True, slots=True)
class Contract:
    """The data of one topic's events: ``struct`` has the schema's fields in its order."""

    topic: Topic
    struct: type[msgspec.Struct]
    nested: tuple[str, ...]


class UnknownTypeError(LookupError):
    """An event type that no topic has."""


class EventTypes:
    """Event types ``PREFIX.TOPIC.KIND.v1``, of the contract's prefix or the regency's own."""

    def __init__(self, own_prefix: str = PREFIX) -> None:
        topics = "|".join(re.escape(name) for name in PUBLISHABLE)
        prefixes = "|".join(re.escape(p) for p in dict.fromkeys((PREFIX, own_prefix)))
        self._pattern = re.compile(rf"(?:{prefixes})\.({topics})\.([a-z0-9_-]{{1,64}})\.v1")
        self._known: dict[str, tuple[Contract, str]] = {}

    def find(self, type_: str) -> tuple[Contract, str]:
        """The contract and the kind of a type. Raises UnknownTypeError."""
        found = self._known.get(type_)
        if found is None:
            match = self._pattern.fullmatch(type_)
            if match is None:
                raise UnknownTypeError(type_)
            if len(self._known) >= MOST_TYPES:
                self._known.clear()
            found = self._known[type_] = (contract(match[1]), match[2])
        return found


@cache
def contract(topic: str) -> Contract:
    """The contract of a topic that departments publish to. Raises KeyError for another one."""
    schema = json.loads(current(PUBLISHABLE[topic].schema))
    fields: list[Any] = []
    nested: list[str] = []
    for field in schema["fields"]:
        name, kind = field["name"], _annotation(field["type"], field["name"])
        if isinstance(field["type"], dict):
            nested.append(name)
        if name in ENVELOPE or name == "simulated":
            fields.append((name, kind | UnsetType, UNSET))
        elif "default" not in field:
            fields.append((name, kind))
        elif isinstance(field["default"], list):
            fields.append((name, kind, msgspec.field(default_factory=list)))
        else:
            fields.append((name, kind, field["default"]))
    struct = msgspec.defstruct(schema["name"], fields, kw_only=True, forbid_unknown_fields=True)
    return Contract(PUBLISHABLE[topic], struct, tuple(nested))


def _annotation(kind: Any, name: str) -> Any:
    if isinstance(kind, list):
        return _annotation(kind[1], name) | None
    if isinstance(kind, dict):
        if kind["type"] == "array":
            return list[_annotation(kind["items"], "")]  # type: ignore[misc]
        fields = [(f["name"], _annotation(f["type"], "")) for f in kind["fields"]]
        return msgspec.defstruct(kind["name"], fields, forbid_unknown_fields=True)
    if name in NOT_NEGATIVE and kind in _NATURALS:
        return _NATURALS[kind]
    return _PRIMITIVES[kind]
