"""What a broker is made of: a Java that is new enough, and Kafka's jars.

Enters: PATH, JAVA_HOME, NEWSLOOM_KAFKA_JARS and pom.xml. Leaves: paths, or a BrokerError that says
the mend. Names no repository: Maven's own settings say where jars come from.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
MEND = "see deploy/kafka/README.md"
COPY_TIMEOUT_S = 600.0


class BrokerError(Exception):
    """An expected failure: what is wrong and the mend, meant to be shown as it is."""


def find_java() -> str:
    """Path of Java 17 or newer, from JAVA_HOME or PATH; raises BrokerError when there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    java = java or shutil.which("java")
    if java is None:
        raise BrokerError(f"Java is not installed: install Java 17 or newer ({MEND})")
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < 17:
        found = f"is Java {version[1]}" if version else "is no working Java"
        raise BrokerError(f"{java} {found}: install Java 17 or newer, or set JAVA_HOME ({MEND})")
    return java


def copy_jars() -> Path:
    """Folder of Kafka's jars; copied by Maven on first use, whole or not at all.

    NEWSLOOM_KAFKA_JARS names another folder than the one in the user's cache. Raises BrokerError.
    """
    version = re.findall(r"<kafka\.version>(.+?)<", POM.read_text())[0]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    named = os.environ.get("NEWSLOOM_KAFKA_JARS")
    folder = Path(named).absolute() if named else cache / "newsloom" / f"kafka-{version}"
    witness = folder / f"kafka_2.13-{version}.jar"
    if witness.exists():
        return folder
    mvn = shutil.which("mvn")
    if mvn is None:
        raise BrokerError(f"Maven is not installed: install it to copy Kafka's jars once ({MEND})")
    print(f"Copying Kafka {version} to {folder} (44 MB, once)", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".copying-") as scratch:
        jars = Path(scratch) / "jars"
        order = [mvn, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
        order += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        try:
            ran = subprocess.run(order, capture_output=True, text=True, timeout=COPY_TIMEOUT_S)
            said = (ran.stdout + ran.stderr).splitlines() if ran.returncode else []
        except subprocess.TimeoutExpired:
            said = [f"no end after {COPY_TIMEOUT_S:.0f} s"]
        if said:
            why = next((line for line in said if "ERROR" in line), said[-1])
            raise BrokerError(
                f"Maven could not copy Kafka's jars: {why.removeprefix('[ERROR] ')[:300]}: "
                "check the network and Maven's settings.xml, then try again"
            )
        with contextlib.suppress(OSError):  # another process may have been faster
            jars.rename(folder)
    if not witness.exists():
        raise BrokerError(f"{folder} is in the way: remove it, or set NEWSLOOM_KAFKA_JARS")
    return folder
