"""Settings of the gateway."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GatewaySettings(BaseModel):
    """Where departments send their events, and what one request may hold."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(8602, ge=0, le=65535, description="port; 0 takes a free one")
    batch: int = Field(
        500, ge=1, le=5_000, description="most events in one request; a key's quota may be less"
    )
    body_bytes: int = Field(
        4 * 2**20, ge=1_024, description="most bytes of a request's body, also once unpacked"
    )
    event_bytes: int = Field(256 * 2**10, ge=1_024, description="most bytes of one event's data")
    answer_seconds: float = Field(
        10.0, gt=0, description="longest wait for the broker before the answer is 503"
    )
    file_bytes: int = Field(32 * 2**20, ge=1_024, description="most bytes of an uploaded file")
    file_rows: int = Field(200_000, ge=1, description="most rows of an uploaded file")
    type_prefix: str = Field(
        "id.go.nadi",
        pattern=r"^[a-z0-9]+(\.[a-z0-9-]+)*$",
        description="the regency's own prefix of event types",
    )
