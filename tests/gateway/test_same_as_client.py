"""The gateway takes exactly what the client library takes and streams would count; and writes the same bytes."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from gateway_callers import caller, table

from producers import corrections
from producers.gateway.checking import Checked, Checker, Rules
from producers.gateway.columns import Encoder
from producers.gateway.contracts import PUBLISHABLE, EventTypes, contract
from producers.gateway.envelope import single
from producers.gateway.examples import cloud_event
from producers.gateway.problems import Problem
from schemas.acceptance import NOT_NEGATIVE
from schemas.codec import Codec
from schemas.events import EVENTS
from schemas.registry import LockFileIds, current

NOW = 1_795_395_600_000
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**70,
    1.0, 1.5, -0.0, 1e300, "", "x", "1", "1.500.000,00", [], {}, [1], ["x"], [None], [{}], {"a": 1},
    [{"receipt_number": "R", "amount": 5}], [{"receipt_number": "R"}], [{"receipt_number": "R", "amount": 5, "x": 1}],
    [2**63], "é\U0001f600",
]  # fmt: skip


def sender(opd: str = "2.18.01") -> Checker:
    who = caller(opd, sources=("",))
    return Checker(Rules(EventTypes(), Anyone(), 10**6), who, simulated=False, now=NOW)


class Anyone:
    def __getattr__(self, name: str) -> Any:
        return getattr(table(), name)

    def permits(self, *_: object) -> None:
        """Everyone may send everything."""


def damaged(topic: str, draw: random.Random) -> dict[str, Any]:
    """The data of an example with some fields odd, gone, or unknown."""
    fields = [f["name"] for f in json.loads(current(PUBLISHABLE[topic].schema))["fields"]][5:]
    data = dict(cloud_event(topic)["data"])
    for _ in range(draw.choice((0, 1, 1, 1, 2, 4))):
        match draw.randrange(6):
            case 0:
                data.pop(draw.choice(list(data) or ["x"]), None)
            case 1:
                data[draw.choice(("oops", "Amount", "nik", ""))] = draw.choice(ODD)
            case _:
                data[draw.choice(fields)] = draw.choice(ODD)
    return data


def client_takes(topic: str, event: dict[str, Any]) -> bool:
    """What producers.client checks, and the rules of schemas.acceptance for amounts."""
    record = {
        "event_id": event["id"], "source": event["source"], "opd": "2.18.01", "occurred_at": NOW,
        "kind": event["type"].split(".")[-2], **event["data"],
    }  # fmt: skip
    try:
        if bool(record.get("simulated", False)):
            return False
        EVENTS[PUBLISHABLE[topic].schema].model_validate(record)
        if corrections.fault(record):
            return False
        Codec(PUBLISHABLE[topic].schema, LockFileIds.load()).encode(record)
    except ValueError:
        return False
    return all(not isinstance(record.get(n), int) or record[n] >= 0 for n in NOT_NEGATIVE)


@pytest.mark.parametrize("topic", PUBLISHABLE)
def test_what_is_taken_and_what_is_written(topic: str) -> None:
    draw = random.Random(topic)  # noqa: S311
    checker = sender()
    taken: list[msgspec.Struct] = []
    for number in range(3000):
        event = {**cloud_event(topic), "data": damaged(topic, draw)}
        found = single(json.dumps(event).encode())
        assert not isinstance(found, Problem)
        answer = checker.check(found)
        wanted = client_takes(topic, event)
        assert isinstance(answer, Checked) == wanted, (number, event["data"], answer)
        if isinstance(answer, Checked):
            taken.append(answer.data)
        else:
            assert answer.errors
            assert "tidak sesuai dengan kontrak jenis" not in answer.errors[0].detail, (event["data"], answer)
    codec = Codec(PUBLISHABLE[topic].schema, LockFileIds.load())
    values = Encoder(LockFileIds.load()).encode(contract(topic), taken)
    assert values == [codec.encode(msgspec.to_builtins(event)) for event in taken]
    assert len(taken) > 500
