"""What the phone asks: forms as data (``forms.toml``), described by the contract's fields with their Indonesian titles."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from producers.corrections import REASON
from producers.files.forms.template import choices
from producers.files.forms.titles import titles, value_of
from producers.gateway.contracts import ENVELOPE, PREFIX
from producers.mapping import event_fields, is_time
from producers.protected import NUMBERS
from schemas.catalogue import DOMAINS
from schemas.profile import Profile

FILE = Path(__file__).with_name("forms.toml")
#: Numbers of ``producers.numbers`` that have sixteen digits.
SIXTEEN = frozenset({"nik", "kk", "sixteen"})


class Form(BaseModel):
    """One form of ``forms.toml``, which explains the keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z-]*$")
    title: str
    domain: str
    constants: dict[str, str | int | bool]
    ask: tuple[str, ...]
    required: frozenset[str]
    own: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    notes: dict[str, str] = Field(default_factory=dict)
    blank: dict[str, str] = Field(default_factory=dict)


def load(path: Path = FILE) -> tuple[Form, ...]:
    """The forms of a file, in its order. Raises ValueError for a form that does not fit its contract."""
    forms = tuple(Form.model_validate(form) for form in tomllib.loads(path.read_text("utf-8"))["form"])
    for form in forms:
        known, asked = event_fields(form.domain), set(form.ask)
        missing = {n for n, f in known.items() if "default" not in f} - set(ENVELOPE) - form.required
        for what, wrong in (
            ("ask: fields without a title in titles.csv", asked - set(titles(form.domain))),
            ("required: fields that are not asked", form.required - asked),
            ("constants: fields that the contract does not have", set(form.constants) - set(known)),
            ("own, labels, notes, blank: fields that are not asked", {*form.labels, *form.notes, *form.blank, form.own or form.ask[0]} - asked),
            ("required lacks fields of the contract", missing - set(form.constants)),
            ("constants lacks", {"kind"} - set(form.constants)),
            ("required lacks", {"occurred_at"} - form.required),
        ):  # fmt: skip
            if wrong:
                raise ValueError(f"{path}: form {form.name}: {what}: {', '.join(sorted(wrong))}")
    return forms


def description(forms: Iterable[Form], profile: Profile) -> dict[str, Any]:
    """Everything the page needs to know of a regency, as JSON: ``forms``, the ``lists`` they choose from (value, label), the
    villages, the departments by code, ``reason``, the field that a correction has beside those of its form, and ``offset``,
    what the regency's clocks show against UTC, such as ``+07:00``.

    A field is ``{name, label, note, kind, required}`` with kind time, choice (``list``, ``blank``), digits (``length``),
    number, flag, prose or text; ``own`` is true for the phone's own village, ``key`` for what the topic is keyed by.
    """
    lists: dict[str, list[list[str]]] = {}
    described = [_form(form, profile, lists) for form in forms]
    shown = datetime.now(UTC).astimezone(profile.timezone).strftime("%z")
    return {
        "regency": profile.name,
        "offset": f"{shown[:3]}:{shown[3:]}",
        "departments": {d.code: d.name for d in profile.departments.values()},
        "villages": [[v.code, v.name, v.district] for v in profile.villages.values()],
        "lists": lists,
        "forms": described,
        "reason": _reason(),
    }


def _reason() -> dict[str, Any]:
    title = titles("population")[REASON]
    return {"name": REASON, "label": title.title, "note": title.note, "kind": "prose", "required": True}


def _form(form: Form, profile: Profile, lists: dict[str, list[list[str]]]) -> dict[str, Any]:
    known, to_choose = event_fields(form.domain), choices(form.domain, profile, "")
    fields = []
    for name in form.ask:
        title = titles(form.domain)[name]
        field: dict[str, Any] = {
            "name": name,
            "label": form.labels.get(name, title.title),
            "required": name in form.required,
            **_kind(name, known[name]),
        }
        if name in to_choose:
            found = [
                [value_of(form.domain, name, word), meaning or word]
                for word, meaning in to_choose[name].items()
            ]
            same = next(
                (other for other, entries in lists.items() if entries == found), f"{form.domain}.{name}"
            )
            lists[same] = found
            field |= {"kind": "choice", "list": same, "blank": form.blank.get(name, "")}
        explained = title.note if field["kind"] in ("number", "text") else ""
        field["note"] = form.notes.get(name, explained)
        if name == form.own:
            field["own"] = True
        if name in DOMAINS[form.domain].key:
            field["key"] = True
        fields.append(field)
    constants = {name: value for name, value in form.constants.items() if name != "kind"}
    return {
        "name": form.name,
        "title": form.title,
        "domain": form.domain,
        "type": f"{PREFIX}.{DOMAINS[form.domain].name}.{form.constants['kind']}.v1",
        "constants": constants,
        "fields": fields,
    }  # fmt: skip


def _kind(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """How a field is written on a phone."""
    if is_time(spec):
        return {"kind": "time"}
    if name in NUMBERS and SIXTEEN.issuperset(NUMBERS[name]):
        return {"kind": "digits", "length": 16}
    avro = spec["type"][1] if isinstance(spec["type"], list) else spec["type"]
    return {"kind": {"boolean": "flag", "int": "number", "long": "number"}.get(str(avro), "text")}
