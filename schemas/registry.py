"""Which schema a wire id means: from the id file offline, or from a Confluent-compatible registry.

A deployment has one source of ids, recorded at its first start (schemas/deployment.py); mixing is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Protocol, TypeVar

from schemas.confluent import Registry, RegistryError

FILES = resources.files("schemas")
Found = TypeVar("Found")


class UnknownSchemaError(LookupError):
    """A wire id or a schema name that no source of ids knows."""


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """One released version of a schema. ``text`` is the Avro document as JSON text."""

    id: int
    name: str
    text: str

    def parsed(self) -> Any:
        return json.loads(self.text)


class SchemaIds(Protocol):
    """A source of ids. Look-ups may block on the network once per id and are remembered."""

    @property
    def origin(self) -> str:
        """What the deployment records as its source of ids."""

    def writer(self, name: str) -> WriterSchema:
        """The newest schema of that name, for writing. Raises UnknownSchemaError."""

    def by_id(self, schema_id: int) -> WriterSchema:
        """The schema a value was written with. Raises UnknownSchemaError."""


@cache
def current(name: str) -> str:
    """The text of ``schemas/avro/NAME.avsc``, the source of truth and the reader's schema."""
    path = FILES / "avro" / f"{name}.avsc"
    if not path.is_file():
        raise UnknownSchemaError(f"no schema is called {name!r}; see schemas/avro")
    return path.read_text(encoding="utf-8")


def digest(text: str) -> str:
    """SHA-256 of a schema's canonical JSON, so that white space does not count."""
    canonical = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class LockFileIds:
    """Ids from ``schemas/ids.json``: every process agrees offline, CI checks the file against the schemas."""

    origin: str = "lock-file"
    _by_id: dict[int, WriterSchema] = field(default_factory=dict)
    _newest: dict[str, WriterSchema] = field(default_factory=dict)

    @classmethod
    def load(cls) -> LockFileIds:
        ids = cls()
        for entry in json.loads((FILES / "ids.json").read_text(encoding="utf-8")):
            text = (FILES / "released" / entry["name"] / f"{entry['version']}.avsc").read_text(
                encoding="utf-8"
            )
            schema = WriterSchema(entry["id"], entry["name"], text)
            ids._by_id[schema.id] = schema
            ids._newest[schema.name] = schema
        return ids

    def writer(self, name: str) -> WriterSchema:
        if name not in self._newest:
            raise UnknownSchemaError(
                f"schema {name!r} has no id in schemas/ids.json; run `make release-schemas`"
            )
        return self._newest[name]

    def by_id(self, schema_id: int) -> WriterSchema:
        if schema_id not in self._by_id:
            raise UnknownSchemaError(f"schema id {schema_id} is not in schemas/ids.json")
        return self._by_id[schema_id]


@dataclass
class RegistryIds:
    """Ids from a Confluent-compatible registry; subjects follow TopicNameStrategy (``<topic>-value``)."""

    url: str
    prefix: str = ""
    _by_id: dict[int, WriterSchema] = field(default_factory=dict)
    _newest: dict[str, WriterSchema] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"registry {self.url}"

    def writer(self, name: str) -> WriterSchema:
        if name not in self._newest:
            found = self._asked(lambda registry: registry.latest(subject(name, self.prefix)))
            self._newest[name] = WriterSchema(found.id, name, found.text)
        return self._newest[name]

    def by_id(self, schema_id: int) -> WriterSchema:
        if schema_id not in self._by_id:
            text = self._asked(lambda registry: registry.by_id(schema_id))
            self._by_id[schema_id] = WriterSchema(schema_id, json.loads(text)["name"], text)
        return self._by_id[schema_id]

    def _asked(self, ask: Callable[[Registry], Found]) -> Found:
        """Only what the registry says it does not have is unknown; any other refusal is one."""
        try:
            return ask(Registry(self.url))
        except RegistryError as error:
            if not error.unknown:
                raise
            raise UnknownSchemaError(
                f"{error}; `python -m schemas.release --register {self.url}` registers the released schemas"
            ) from error


def subject(name: str, prefix: str = "") -> str:
    """The subject of a schema in a registry."""
    return f"{prefix}{name}-value"


def open_ids(registry_url: str = "") -> SchemaIds:
    """The deployment's source of ids: a registry where one is configured, the id file otherwise."""
    return RegistryIds(registry_url) if registry_url else LockFileIds.load()
