"""Settings of the sinks: ClickHouse, wallboard, inspectorate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ClickHouseSettings(BaseModel):
    """Where ClickHouse is and how large a block is. Without ``url`` the embedded engine runs."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="http(s)://user:password@host:port; empty starts the embedded engine")
    database: str = Field("nadi", pattern="^[A-Za-z_][A-Za-z0-9_]*$", description="database of all tables")
    group: str = Field("nadi-sink", description="consumer group of the sink")
    block_rows: int = Field(50_000, ge=1, description="most rows in one insert")
    block_bytes: int = Field(16 * 2**20, ge=1, description="most bytes in one insert")
    block_ms: int = Field(500, ge=10, description="longest wait before an insert, milliseconds")


class WallboardSettings(BaseModel):
    """The command centre's page."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(8600, ge=0, le=65535, description="port; 0 takes a free one")
    screen_inches: float = Field(55.0, gt=0, description="diagonal of the wall's screen, inches")
    distance_metres: float = Field(5.0, gt=0, description="how far the farthest viewer stands, metres")
    today: Literal["wall", "data"] = Field(
        "wall", description="which day is today: the clock on the wall, or the data's"
    )


class InspectorateSettings(BaseModel):
    """The inspectorate's pages."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(8601, ge=0, le=65535, description="port; 0 takes a free one")
