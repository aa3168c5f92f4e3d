"""Makes ``schemas/events.py`` from the ``.avsc`` files: ``python -m schemas.generate [--check]``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = (
    "permits.steps",
    "revenue.receipts",
    "budget.disbursements",
    "population.changes",
    "activity.progress",
    "source.heartbeats",
    "aggregates",
    "risk.alerts",
    "risk.dispositions",
)
PRIMITIVES = {"string": "str", "long": "int", "int": "int", "boolean": "bool", "double": "float"}

HEAD = '''"""Typed events, made from the .avsc files by ``python -m schemas.generate``. Do not edit."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
'''


def render() -> str:
    """The whole module as text."""
    classes: list[str] = []
    index: list[str] = []
    for name in NAMES:
        schema = json.loads((HERE / "avro" / f"{name}.avsc").read_text(encoding="utf-8"))
        _record(schema, classes)
        index.append(f'    "{name}": {schema["name"]},')
    table = (
        "#: Event class by schema name.\nEVENTS: dict[str, type[BaseModel]] = {\n"
        + "\n".join(index)
        + "\n}\n"
    )
    return HEAD + "\n\n" + "\n\n".join(classes) + "\n\n" + table


def _record(schema: dict[str, Any], classes: list[str]) -> str:
    lines = [f"class {schema['name']}(_Event):", f'    """{schema.get("doc", schema["name"])}"""', ""]
    for field in schema["fields"]:
        annotation = _annotation(field["type"], classes)
        default = ""
        if "default" in field:
            value = field["default"]
            default = (
                f" = {value!r}"
                if not isinstance(value, list | dict)
                else f" = Field(default_factory={type(value).__name__})"
            )
        lines.append(f"    {field['name']}: {annotation}{default}")
        if field.get("doc"):
            lines.append(f'    """{field["doc"]}"""')
    classes.append("\n".join(lines) + "\n")
    return str(schema["name"])


def _annotation(kind: Any, classes: list[str]) -> str:
    if isinstance(kind, list):
        return f"{_annotation(kind[1], classes)} | None"
    if isinstance(kind, dict):
        if kind["type"] == "record":
            return _record(kind, classes)
        if kind["type"] == "array":
            return f"list[{_annotation(kind['items'], classes)}]"
        return f"dict[str, {_annotation(kind['values'], classes)}]"
    return {"int": "Int32", "long": "Int64"}.get(kind, PRIMITIVES[kind])


def main() -> int:
    target = HERE / "events.py"
    text = render()
    formatted = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--stdin-filename",
            "events.py",
            "--isolated",
            "--line-length",
            "110",
            "-",
        ],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "--check" in sys.argv:
        if target.read_text(encoding="utf-8") != formatted:
            sys.stderr.write("schemas/events.py does not match schemas/avro; run `make generate`\n")
            return 1
        return 0
    target.write_text(formatted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
