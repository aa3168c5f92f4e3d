"""A Confluent-compatible registry over HTTP: Confluent's own, Karapace, or Apicurio (``…/apis/ccompat/v7``).

Four calls of its public interface (docs.confluent.io, Schema Registry API reference). Confluent's client would bring
authlib and cachetools for what is not used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
COMPATIBILITY = "FULL_TRANSITIVE"
SECONDS = 10.0


class RegistryError(RuntimeError):
    """The registry refuses a call; ``code`` is its own (HTTP's status and two digits), 0 where it is no registry."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code

    @property
    def unknown(self) -> bool:
        """Whether it has no such subject, version or id."""
        return self.code // 100 == 404


class Registered(NamedTuple):
    """A schema in the registry; ``text`` is the Avro document as JSON text."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Calls may block for ten seconds and raise RegistryError, or TimeoutError where nothing answers."""

    url: str

    def latest(self, subject: str) -> Registered:
        """The newest version of a subject."""
        found = self._call("GET", f"subjects/{subject}/versions/latest")
        return Registered(int(found["id"]), str(found["schema"]))

    def by_id(self, schema_id: int) -> str:
        """The text of a schema."""
        return str(self._call("GET", f"schemas/ids/{schema_id}")["schema"])

    def register(self, subject: str, versions: Sequence[str]) -> int:
        """Register all versions of a subject, oldest first, and let it refuse what is not FULL_TRANSITIVE to them.

        What is registered already stays as it is. Returns the id of the newest.
        """
        number = 0
        for text in versions:
            number = int(self._call("POST", f"subjects/{subject}/versions", {"schema": text})["id"])
            # Only a subject that exists can be told how to compare.
            self._call("PUT", f"config/{subject}", {"compatibility": COMPATIBILITY})
        return number

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        import httpx

        address = f"{self.url.rstrip('/')}/{path}"
        headers = {"Content-Type": MEDIA_TYPE, "Accept": f"{MEDIA_TYPE}, application/json"}
        try:
            answer = httpx.request(method, address, json=body, headers=headers, timeout=SECONDS)
        except httpx.HTTPError as error:
            raise TimeoutError(
                f"registry {self.url} does not answer ({type(error).__name__}); check kafka.schema_registry_url"
            ) from error
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.is_success and isinstance(found, dict):
            return found
        where = f"{method} {address}: {answer.status_code}"
        if isinstance(found, dict) and isinstance(found.get("error_code"), int):
            raise RegistryError(f"{where} {found.get('message', '')}", found["error_code"])
        raise RegistryError(
            f"{where}, and no answer of a registry; check the address, Apicurio's ends with /apis/ccompat/v7"
        )
