"""One gateway, one worker, and the keys of two departments and an operator, shared by the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from arrivals_stack import PERMITS_OPD, REVENUE_OPD, ArrivalsStack, Keys


@pytest.fixture(scope="module")
def stack(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArrivalsStack]:
    stack = ArrivalsStack(kafka.settings(kafka.layout(partitions=2)), tmp_path_factory.mktemp("arrivals"))
    stack.start("gateway")
    try:
        yield stack
    finally:
        stack.close()


@pytest.fixture(scope="module")
def keys(stack: ArrivalsStack) -> Keys:
    return Keys(
        stack.key(REVENUE_OPD),
        stack.key(PERMITS_OPD),
        stack.key(REVENUE_OPD, sandbox=True, system="coba"),
        stack.operator(),
    )
