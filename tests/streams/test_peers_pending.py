"""Events that wait for the end of their day: however many come at once, they fit the state log and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from streams.cases.events import COMPARED, Intake, pair
from streams.engine.state_group import PART, PART_BYTES, Part, part_pieces
from streams.peers.pending import ROWS, Pending

CASES = 7_000


def backlog(rows: int) -> Intake:
    """Events that do not compress, of cases that come back, some of them corrections."""
    rng = np.random.default_rng(1)
    events = np.frombuffer(rng.bytes(rows * COMPARED.itemsize), COMPARED)
    case_of = np.concatenate([np.arange(min(rows, CASES)), rng.integers(0, CASES, max(0, rows - CASES))])
    corrections = {row: pair(row, 1) for row in range(0, rows, 997)}
    case_ids = [f"503/{case:032}/DPMPTSP/2026" for case in range(min(rows, CASES))]
    return Intake(events, case_of, case_ids, corrections)


@pytest.mark.parametrize("rows", [1, ROWS, ROWS + 1, 30_000])
def test_a_backlog_fits_the_state_log_and_comes_back_as_it_was(rows: int) -> None:
    given = backlog(rows)
    pending = Pending()
    pending.append(given)
    changes = pending.changes()
    assert changes is not None
    pieces = list(part_pieces(PART, 1, Part("permits", "pending", changes)))
    assert max(len(piece.value) for piece in pieces) <= PART_BYTES
    successor = Pending()
    successor.restore(changes)
    taken = successor.take()
    assert taken is not None
    assert taken.events.tobytes() == given.events.tobytes()
    assert taken.case_of.tolist() == given.case_of.tolist()
    assert taken.case_ids == given.case_ids
    assert taken.corrections == given.corrections


def test_batches_keep_their_order_after_some_were_taken() -> None:
    pending = Pending()
    pending.append(backlog(ROWS + 5))
    pending.take()
    assert pending.take() is None
    first, second = backlog(10), backlog(20)
    pending.append(first)
    pending.append(second)
    taken = pending.take()
    assert taken is not None
    assert taken.events.tobytes() == first.events.tobytes() + second.events.tobytes()
