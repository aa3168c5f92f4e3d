"""Settings that every process shares: where Kafka is, how topics are laid out, where ids come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.catalogue import Layout

#: librdkafka settings of every producer whose records must not be lost. More than one request in flight loses records
#: that were acknowledged, see docs/decisions/0012-one-request-in-flight.md.
EXACT_PRODUCER: Mapping[str, Any] = MappingProxyType(
    {"enable.idempotence": True, "acks": "all", "max.in.flight.requests.per.connection": 1}
)


class KafkaSettings(BaseModel):
    """Where Kafka is and how the topics are laid out. Without ``bootstrap_servers`` the embedded broker runs."""

    model_config = ConfigDict(extra="forbid")

    bootstrap_servers: str = Field("", description="broker addresses; empty starts the embedded broker")
    schema_registry_url: str = Field("", description="Confluent-compatible registry; empty uses the id file")
    topic_prefix: str = Field("", description="stands before every topic name")
    partitions: int = Field(4, ge=1, le=256, description="partitions of every topic, fixed at creation")
    replication: int = Field(1, ge=1, description="copies of every partition")
    timestamps: Literal["LogAppendTime", "CreateTime"] = Field(
        "LogAppendTime", description="the broker's clock; CreateTime only where a past period is replayed"
    )
    retention_years: int = Field(10, ge=1, description="how long events are kept")

    rebuild: int = Field(
        0, ge=0, description="set that is computed anew; `nadi rebuild` gives it to its workers"
    )

    def layout(self) -> Layout:
        """The topic layout these settings describe."""
        return Layout(
            self.topic_prefix,
            self.partitions,
            self.replication,
            self.timestamps,
            self.retention_years,
            self.rebuild,
        )
