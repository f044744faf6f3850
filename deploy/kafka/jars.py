"""Find Java 17 or newer, and the jars of a Kafka broker.

In: PATH, JAVA_HOME, NEWSLOOM_KAFKA_JARS and pom.xml. Out: paths, or a BrokerError with the fix.
Maven's own settings decide where it downloads from; this file names no repository.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
HELP = "see deploy/kafka/README.md"
COPY_TIMEOUT_S = 600.0


class BrokerError(Exception):
    """An expected failure. The message says what is wrong and how to fix it; show it unchanged."""


def find_java() -> str:
    """The path of Java 17 or newer, from JAVA_HOME or PATH. Raises BrokerError if there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    java = java or shutil.which("java")
    if java is None:
        raise BrokerError(f"Java is not installed: install Java 17 or newer ({HELP})")
    output = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', output)
    if version is None or int(version[1]) < 17:
        found = f"is Java {version[1]}" if version else "is no working Java"
        raise BrokerError(f"{java} {found}: install Java 17 or newer, or set JAVA_HOME ({HELP})")
    return java


def copy_jars() -> Path:
    """The folder of Kafka's jars. On first use, Maven copies all of them, or none if it fails.

    NEWSLOOM_KAFKA_JARS sets a folder other than the one in the user's cache. Raises BrokerError.
    """
    version = re.findall(r"<kafka\.version>(.+?)<", POM.read_text())[0]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    given = os.environ.get("NEWSLOOM_KAFKA_JARS")
    folder = Path(given).absolute() if given else cache / "newsloom" / f"kafka-{version}"
    main_jar = folder / f"kafka_2.13-{version}.jar"
    if main_jar.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        # Two Maven processes can damage the local repository that they share.
        fcntl.flock(parent, fcntl.LOCK_EX)
        if not main_jar.exists():
            _run_maven(version, folder)
    finally:
        os.close(parent)
    if not main_jar.exists():
        raise BrokerError(
            f"{folder} exists but holds no {main_jar.name}: "
            "remove the folder, or set NEWSLOOM_KAFKA_JARS to another one"
        )
    return folder


def _run_maven(version: str, folder: Path) -> None:
    """Copies all jars to a folder that does not exist yet. Raises BrokerError."""
    mvn = shutil.which("mvn")
    if mvn is None:
        raise BrokerError(f"Maven is not installed: install it to copy Kafka's jars once ({HELP})")
    print(f"Copying Kafka {version} to {folder} (44 MB, once)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".copying-") as scratch:
        jars = Path(scratch) / "jars"
        command = [mvn, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=COPY_TIMEOUT_S)
            errors = (done.stdout + done.stderr).splitlines() if done.returncode else []
        except subprocess.TimeoutExpired:
            errors = [f"not finished after {COPY_TIMEOUT_S:.0f} s"]
        if errors:
            why = next((line for line in errors if "ERROR" in line), errors[-1])
            raise BrokerError(
                f"Maven could not copy Kafka's jars: {why.removeprefix('[ERROR] ')[:300]}: "
                "check the network and Maven's settings.xml, then try again"
            )
        with contextlib.suppress(OSError):  # The folder exists; the caller checks it.
            jars.rename(folder)
