"""The jars: used from the cache without network or jgo; damage and a missing network are said clearly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.embedded import downloads


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    folder = tmp_path / "kafka"
    (folder / "jars").mkdir(parents=True)
    (folder / "jars" / "a.jar").write_bytes(b"12345")
    (folder / "jars.json").write_text(json.dumps({"jars/a.jar": 5}))
    return folder


def test_cached_jars_are_used(cached: Path) -> None:
    assert downloads.kafka_jars(cached) == [cached / "jars" / "a.jar"]


def test_a_jar_cut_short_is_noticed(cached: Path) -> None:
    (cached / "jars" / "a.jar").write_bytes(b"123")
    assert downloads.cached_jars(cached) is None


def test_jgo_is_not_imported_when_the_jars_are_there(cached: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from infra.embedded import downloads;"
        f"downloads.kafka_jars(Path({str(cached)!r})); sys.exit('jgo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_network_is_said_with_the_cures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(downloads.DownloadError, match=r"network once .*NADI_KAFKA__BOOTSTRAP_SERVERS"):
        downloads.kafka_jars(tmp_path / "kafka")
    assert downloads.cached_jars(tmp_path / "kafka") is None


def test_other_jars_than_the_released_ones_are_refused(tmp_path: Path) -> None:
    jar = tmp_path / "kafka-clients-0.0.jar"
    jar.write_bytes(b"something else")
    with pytest.raises(downloads.DownloadError, match=r"kafka-clients-0\.0\.jar"):
        downloads._check([jar])
