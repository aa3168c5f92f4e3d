"""What is generated matches what it is made from."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.examples import postman, snippets
from producers.gateway.index import Index, Place, key_of
from producers.gateway.pages import errors_markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_error_table_of_the_docs_is_the_code_s() -> None:
    assert (DOCS / "gerbang-kesalahan.md").read_text("utf-8") == errors_markdown()


def test_examples_come_from_one_place() -> None:
    for topic in PUBLISHABLE:
        found = snippets(topic)
        assert set(found) == {"curl", "php", "java", "python"}
        ast.parse(found["python"])
    assert len(json.loads(json.dumps(postman()))["item"]) == len(PUBLISHABLE) + 5


def test_the_index_forgets_after_its_retention() -> None:
    index = Index(retention_ms=1000)
    ids = [f"{n:02x}000000-0000-4000-8000-000000000000" for n in range(256)]
    index.add((key_of(i, "/s"), Place(bytes(32), "t", 0, n, 10 * n, "o")) for n, i in enumerate(ids))
    for _ in range(256):
        index.forget(2000)
    assert len(index) == 156
    assert index.by_id(ids[200], "o")[0].offset == 200
    assert not index.by_id(ids[200], "p")
    assert not index.find([key_of(ids[0], "/s")])
