"""Schemathesis over the whole OpenAPI with every sort of key: no 5xx, and no answer that is not described. EXAMPLES cases of each
operation (fuzzing, and as many sequences); `make fuzz` tries many, the ordinary run a few."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_gateway import RealGateway, real_gateway

from infra.access.issuing import Wish, add
from producers.access import log
from producers.access.caller import Quota
from tests.producers.access_ground import DAY_MS, OPD, issue, profile

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
KINDS = (
    ("valid", "none", "unknown", "expired", "signing") if "EXAMPLES" in os.environ else ("valid", "expired")
)
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
AMPLE = Quota(1e9, 10**9, 10**15, 500)


@pytest.fixture(scope="module")
def gateway(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    # 503 is described, but is not what is looked for here: the broker of a busy machine may take its time.
    settings = kafka.settings(kafka.layout())
    with real_gateway(settings, tmp_path_factory.mktemp("gateway"), answer_seconds=60) as running:
        yield running


@pytest.fixture
def bearer(gateway: RealGateway, request: pytest.FixtureRequest) -> list[str]:
    """The header of a key of a kind."""
    if request.param == "none":
        return []
    if request.param == "unknown":
        return ["--header", "Authorization: Bearer x"]
    if request.param == "expired":
        now = time.time_ns() // 1_000_000
        made, _, entry = issue(now - 2 * DAY_MS, expires_at=now - DAY_MS)
        log.write(gateway.kafka, entry)
    else:
        signed = request.param == "signing"
        wish = Wish(OPD, str(request.param), types=("id.go.nadi.*",), quota=AMPLE, signed=signed)
        made, _ = add(gateway.kafka, profile(), wish)
    time.sleep(1)
    return ["--header", f"Authorization: Bearer {made.key}"]


@pytest.mark.parametrize("bearer", KINDS, indirect=True)
def test_no_answer_that_is_not_described(
    gateway: RealGateway, bearer: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    most = EXAMPLES if "valid" in request.node.name else max(1, EXAMPLES // 4)
    schemathesis = Path(sys.executable).with_name("schemathesis")
    words = [
        str(schemathesis), "run", f"{gateway.http.base_url}/openapi.json", "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(most), *bearer, "--seed", "1",
        "--suppress-health-check", "all", "--continue-on-failure", "--request-timeout", "120", "--output-truncate", "true",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=3000)
    (tmp_path / "said.txt").write_text(done.stdout)
    assert done.returncode == 0, f"{done.stdout[:6000]} … {done.stdout[-3000:]} {done.stderr[-2000:]}"
    assert not [line for line in gateway.lines() if line["level"] in ("error", "critical")]
