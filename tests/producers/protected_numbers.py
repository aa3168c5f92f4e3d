"""Numbers of persons sent in every place there is, and a search for them in every place they could come out of.

The gateway's test sends the same through HTTP: ``everywhere`` makes the events, ``leaks`` searches what came of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from producers.mapping import event_fields
from producers.protected import token_fields
from schemas.catalogue import DOMAINS, Layout
from tests.conftest import TestKafka
from tests.producers.test_persons import NIK, NIP, NPWP, PHONE

ACCOUNT = "00123456789"
KK = "6201011708909999"
NUMBERS = (NIK, NIP, NPWP, PHONE, ACCOUNT, KK)
#: As they could come out again: with their separators or without.
SHOWN = frozenset(NUMBERS) | {"".join(c for c in number if c.isdigit()) for number in NUMBERS}


def everywhere() -> Iterator[tuple[str, dict[str, Any]]]:
    """(domain, event): one number in one field each, under every name it may have and some it may not."""
    for domain in DOMAINS:
        fields = event_fields(domain)
        names = {*fields, *token_fields(domain), "subject", "catatan", "birth_date"}
        for name in sorted(names):
            for number in NUMBERS:
                text = (
                    f"rekening {number}" if number is ACCOUNT and name not in token_fields(domain) else number
                )
                yield domain, {name: text}
                yield domain, {name: [text]}
                yield domain, {name: {"di": text}}
            yield domain, {name: int(NIK)}


def leaks(text: str | bytes) -> set[str]:
    """The numbers that stand in a text."""
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return {number for number in SHOWN if number in whole}


def topics_of(kafka: TestKafka, layout: Layout) -> bytes:
    """Every key, value and header of every topic of a layout, one after the other."""
    from schemas import records

    found = []
    for message in records.read_topics(kafka.bootstrap, list(layout.configurations())):
        found += [message.key() or b"", message.value() or b""]
        found += [part for name, value in message.headers() or () for part in (name.encode(), value or b"")]
    return b"\n".join(found)
