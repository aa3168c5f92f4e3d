"""Settings of the stream workers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class StreamSettings(BaseModel):
    """How the workers run.

    ``clock`` is ``record`` (the record's timestamp, and the broker's time while a partition is idle) or
    ``event`` (only records move it, and ``until`` at the end of the input; replays of a past period).
    """

    model_config = ConfigDict(extra="forbid")

    workers: int = Field(1, ge=1, le=64, description="stream worker processes")
    group: str = Field("nadi-streams", description="consumer group of the workers")
    clock: Literal["record", "event"] = Field(
        "record", description="what moves the clock that fires deadlines"
    )
    until: int | None = Field(
        None, description="with clock=event: UTC ms the clock moves to at the end of the input"
    )
    chunk_rows: int = Field(200_000, ge=1, description="most rows that are fetched at once")
    commit_interval_ms: int = Field(10, ge=1, description="least milliseconds between commits of a task")
    fetch: Literal["auto", "native", "confluent"] = Field(
        "auto",
        description="how records are fetched; auto takes the native way where make native has built it",
    )
    idle_clock_ms: int = Field(
        500, ge=10, description="milliseconds between clock moves of an idle partition"
    )
    session_timeout_s: float = Field(
        10.0, ge=6.0, description="seconds after which a dead worker is replaced"
    )
    snapshot_bytes: int = Field(
        16 * 2**20,
        ge=1,
        description="state groups of at least so many bytes go before the next snapshot of a task",
    )
