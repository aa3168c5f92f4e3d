"""Releases schemas: ``python -m schemas.release [--check | --register URL]``.

A released version never changes. A new one is FULL_TRANSITIVE: it reads everything every released version wrote,
and every released version reads what it writes. ``--check`` writes nothing and exits 1 on any difference, for CI. ``--register``
gives all released versions to a Confluent-compatible registry.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from schemas.confluent import Registry, RegistryError
from schemas.registry import digest, subject

HERE = Path(__file__).parent


def released(name: str, home: Path = HERE) -> list[str]:
    """The released versions of a schema as JSON text, oldest first."""
    folder = home / "released" / name
    return [path.read_text("utf-8") for path in sorted(folder.glob("*.avsc"), key=lambda p: int(p.stem))]


def incompatibilities(new: str, old: list[str]) -> list[str]:
    """Why ``new`` is not FULL_TRANSITIVE against the versions ``old``; empty when it is."""
    import avro.schema
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

    found: list[str] = []
    candidate = avro.schema.parse(new)
    for number, text in enumerate(old, 1):
        former = avro.schema.parse(text)
        for reader, writer, direction in (
            (candidate, former, f"cannot read what version {number} wrote"),
            (former, candidate, f"version {number} cannot read what it writes"),
        ):
            result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)  # type: ignore[no-untyped-call]
            if result.compatibility is not SchemaCompatibilityType.compatible:
                where = ", ".join(sorted(_named(new, location) for location in result.locations))
                found.append(f"{direction}: {'; '.join(sorted(result.messages))} at {where}")
    return found


def _named(schema: str, location: str) -> str:
    """A location such as /fields/3/type with the field's name, where it has one."""
    match = re.search(r"/fields/(\d+)", location)
    fields = json.loads(schema)["fields"]
    return (
        f"{location} ({fields[int(match[1])]['name']})" if match and int(match[1]) < len(fields) else location
    )


def problems(home: Path = HERE) -> list[str]:
    """What CI refuses: an id file or a released version that does not match, an incompatible or unreleased change."""
    found: list[str] = []
    entries = json.loads((home / "ids.json").read_text("utf-8"))
    if len({entry["id"] for entry in entries}) != len(entries):
        found.append("schemas/ids.json: an id stands twice")
    for entry in entries:
        path = home / "released" / entry["name"] / f"{entry['version']}.avsc"
        if not path.is_file() or digest(path.read_text("utf-8")) != entry["sha256"]:
            found.append(f"{path.relative_to(home.parent)}: a released version is missing or was changed")
    for path in sorted((home / "avro").glob("*.avsc")):
        text, versions = path.read_text("utf-8"), released(path.stem, home)
        found += [f"schemas/avro/{path.name}: {why}" for why in incompatibilities(text, versions)]
        if not versions or digest(versions[-1]) != digest(text):
            found.append(
                f"schemas/avro/{path.name}: differs from its last release; run `make release-schemas`"
            )
    return found


def release(home: Path = HERE) -> list[str]:
    """Release every changed schema under the next version and the next id; returns ``name vN`` for each.

    Raises ValueError when a change is not FULL_TRANSITIVE.
    """
    entries = json.loads((home / "ids.json").read_text("utf-8"))
    done: list[str] = []
    for path in sorted((home / "avro").glob("*.avsc")):
        text, versions = path.read_text("utf-8"), released(path.stem, home)
        if versions and digest(versions[-1]) == digest(text):
            continue
        if why := incompatibilities(text, versions):
            raise ValueError(f"schemas/avro/{path.name}: " + "\n  ".join(why))
        version = len(versions) + 1
        folder = home / "released" / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{version}.avsc").write_text(text, "utf-8")
        number = max((entry["id"] for entry in entries), default=0) + 1
        entries.append({"id": number, "name": path.stem, "version": version, "sha256": digest(text)})
        done.append(f"{path.stem} v{version} (id {number})")
    (home / "ids.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    return done


def register(url: str, home: Path = HERE) -> list[str]:
    """Register all released versions in a registry; returns ``subject (id)`` for each.

    Raises RegistryError where it refuses one, TimeoutError where it does not answer.
    """
    registry = Registry(url)
    names = sorted(path.name for path in (home / "released").iterdir())
    return [
        f"{subject(name)} (id {registry.register(subject(name), released(name, home))})" for name in names
    ]


def main() -> int:
    """Entry point of ``python -m schemas.release``."""
    if "--check" in sys.argv:
        found = problems()
        for line in found:
            sys.stderr.write(line + "\n")
        return 1 if found else 0
    if "--register" in sys.argv:
        return _register(sys.argv[-1])
    for line in release():
        sys.stdout.write(f"released {line}\n")
    return 0


def _register(url: str) -> int:
    try:
        done = register(url)
    except (RegistryError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for line in done:
        sys.stdout.write(f"registered {line}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
