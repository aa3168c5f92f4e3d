"""All faults of an event's fields, in sentences: asked only once an event is known to be wrong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from producers.gateway.problems import FieldError
from producers.tokens import holds_person_number
from schemas.acceptance import NOT_NEGATIVE
from schemas.events import EVENTS

LONGEST_SHOWN = 40
MOST = 100


def faults(schema: str, values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the fields of one event (JSON values by field name), at most a hundred, by field."""
    found: list[FieldError] = []
    model = EVENTS[schema]
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=True)[:MOST]:
            pointer = "/data/" + "/".join(_escaped(part) for part in problem["loc"])
            found.append(FieldError(pointer, _sentence(problem, list(model.model_fields))))
    for name in NOT_NEGATIVE:
        value = values.get(name)
        if name in model.model_fields and isinstance(value, int) and value < 0:
            found.append(FieldError(f"/data/{name}", f"tidak boleh negatif, diterima {value}"))
    return found


def _escaped(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _sentence(problem: ErrorDetails, names: list[str]) -> str:
    kind, value = problem["type"], problem["input"]
    match kind:
        case "missing":
            return "wajib diisi"
        case "extra_forbidden":
            near = difflib.get_close_matches(str(problem["loc"][-1]), names, 1)
            return "tidak ada dalam kontrak" + (f"; maksudnya {near[0]}?" if near else "; hapus")
        case "int_type" | "int_from_float" | "int_parsing" | "int_parsing_size":
            return f"wajib bilangan bulat{_shown(value)}"
        case "greater_than_equal" | "less_than":
            return f"bilangan di luar batas{_shown(value)}"
        case "string_type" | "string_unicode":
            return f"wajib teks{_shown(value)}"
        case "bool_type":
            return f"wajib true atau false{_shown(value)}"
        case "float_type":
            return f"wajib bilangan{_shown(value)}"
        case "list_type":
            return f"wajib daftar [ … ]{_shown(value)}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"wajib objek {{ … }}{_shown(value)}"
    return f"tidak sesuai dengan kontrak{_shown(value)}"


def _shown(value: Any) -> str:
    """The value, where it is short and is no number of a person."""
    match value:
        case None:
            return ", diterima null"
        case bool():
            return f", diterima {str(value).lower()}"
        case int() | float():
            text = f"bilangan {value}"
        case str():
            text = f'teks "{value}"'
        case _:
            return ", diterima " + ("daftar" if isinstance(value, list) else "objek")
    hidden = len(text) > LONGEST_SHOWN or holds_person_number(text) or sum(map(str.isdigit, text)) > 12
    return ", diterima " + (text.partition(" ")[0] if hidden else text)
