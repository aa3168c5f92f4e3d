"""How the gateway protects persons: the numbers of an event become tokens before anything else happens to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from producers.gateway.problems import FieldError
from producers.persons import Persons
from schemas.catalogue import DOMAINS


class Protection(NamedTuple):
    """``fields`` replaces protected numbers in the fields of one event by tokens, in place, and says which fields are wrong:
    it gets the name of the schema and the fields that were given, by name. ``keep`` is called before events are written,
    ``drop`` where they count for nothing."""

    fields: Callable[[str, dict[str, Any]], list[FieldError]]
    keep: Callable[[], None]
    drop: Callable[[], None]


def of(persons: Persons) -> Protection:
    """By a deployment's tokens. Field errors point below the event's ``data``."""
    domains = {topic.schema: domain for domain, topic in DOMAINS.items()}

    def fields(schema: str, values: dict[str, Any]) -> list[FieldError]:
        found = persons.protect(domains.get(schema, schema), values)
        return [FieldError(f"/data{one.pointer}", one.sentence) for one in found]

    return Protection(fields, persons.keep, persons.drop)
