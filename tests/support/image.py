"""An image built and run from its Dockerfile without an engine: in namespaces of Linux.

In: a Dockerfile and the files it is built from. Out: a folder for each stage, and commands run in
it as in a container: no other environment, a user of its own, a root that cannot be written to.
This machine's Python and /usr stand for the base image. It writes nowhere else.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK"} | {
    "ENTRYPOINT",
    "CMD",
}
STEP_TIMEOUT_S = 400
BASE_PATH = "/base/bin:/usr/bin:/bin"
# Clients of the package index are told by the environment how to reach it.
INDEX_VARIABLES = re.compile(r"PIP_\w+|SSL_CERT_(FILE|DIR)|\w+_PROXY|\w+_proxy|REQUESTS_CA_BUNDLE")
HOST_FOLDERS = ("usr", "etc", "dev", "proc")
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib64")

# The new root gets this machine's folders to read, Python's among them, and a /tmp and /var/tmp of
# its own. $1: the root, $2: rw in a build, else ro, $3: where Python is, $4: the cache of a build,
# $5: a folder of this machine for /var/tmp, or nothing.
_ENTER = """
root=$1 mode=$2 python=$3 cache=$4 scratch=$5; shift 5
mount --bind "$root" "$root"
for folder in usr etc dev proc; do mount --rbind "/$folder" "$root/$folder"; done
mount --rbind "$python" "$root$python"
for folder in /usr /etc "$python"; do mount -o remount,bind,ro "$root$folder"; done
if [ "$mode" = rw ]; then mount --rbind "$cache" "$root/cache"; fi
mount -o "remount,bind,$mode" "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ -n "$scratch" ]; then mount --bind "$scratch" "$root/var/tmp"
else mount -t tmpfs -o mode=1777 tmpfs "$root/var/tmp"; fi
cd "$root"
PATH="$PATH:/usr/sbin:/sbin" pivot_root . .host
umount -l /.host
cd "$PWD_INSIDE"
exec "$@"
"""


@dataclass(slots=True)
class Stage:
    """A stage of the Dockerfile: where its files are, and what it is started with."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def run(
        self,
        order: Sequence[str],
        settings: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs an order to its end as in a container; `scratch` is a volume for /var/tmp."""
        return _end(self._words(order, scratch), self._environment(settings))

    def start(
        self,
        order: Sequence[str],
        settings: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Starts an order as in a container; `scratch` is a volume for /var/tmp."""
        return subprocess.Popen(
            self._words(order, scratch),
            env=self._environment(settings),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_step(self, step: str) -> subprocess.CompletedProcess[str]:
        """Runs a step of a build: as root, where everything of the stage's own can be written."""
        index = {n: v for n, v in os.environ.items() if INDEX_VARIABLES.fullmatch(n)}
        own = self._environment({"HOME": "/root", "PIP_CACHE_DIR": "/cache"})
        return _end([*self._enter("rw"), "sh", "-c", step], index | own)

    def _environment(self, settings: Mapping[str, str] | None) -> dict[str, str]:
        return self.environment | {"PWD_INSIDE": self.folder} | dict(settings or {})

    def _words(self, order: Sequence[str], scratch: Path | None) -> list[str]:
        user, _, group = self.user.partition(":")
        become = ["unshare", "--user", f"--map-user={user}", f"--map-group={group}"]
        return [*self._enter("ro", scratch), *become, *order]

    def _enter(self, mode: str, scratch: Path | None = None) -> list[str]:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsloom/image"
        cache.mkdir(parents=True, exist_ok=True)
        enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-euc", _ENTER, "sh"]
        return [*enter, str(self.root), mode, sys.base_prefix, str(cache), str(scratch or "")]


def _end(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env=environment,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=STEP_TIMEOUT_S,
        check=False,
    )


def build(dockerfile: Path, context: Mapping[str, Path], folder: Path) -> Stage:
    """The last stage of a Dockerfile, whose COPY takes from `context`. AssertionError if a step
    fails, or is of a kind that this does not know."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in instructions(dockerfile.read_text()):
        if word == "FROM":
            name = rest.partition(" AS ")[2] or str(len(stages))
            stage = stages[name] = Stage(_new_root(folder / name))
            continue
        assert stage is not None, "FROM comes first"
        _obey(stage, word, rest, context, stages)
    assert stage is not None
    return stage


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each on one line. AssertionError for one not known."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.split(None, 1) for line in whole.splitlines() if line.strip()]
    assert {word for word, _ in pairs} <= KNOWN, "an instruction that the tests do not know"
    return [(word, rest) for word, rest in pairs]


def _obey(
    stage: Stage, word: str, rest: str, context: Mapping[str, Path], stages: Mapping[str, Stage]
) -> None:
    if word == "RUN":
        done = stage.run_step(rest)
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"
    elif word == "COPY":
        _copy(stage, rest.split(), context, stages)
    elif word == "ENV":
        stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    elif word == "WORKDIR":
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif word == "USER":
        stage.user = rest
    elif word == "HEALTHCHECK":
        stage.healthcheck = json.loads(rest.partition("CMD ")[2])
    elif word == "ENTRYPOINT":
        stage.entrypoint = json.loads(rest)
    elif word == "CMD":
        stage.command = json.loads(rest)


def _copy(
    stage: Stage, words: list[str], context: Mapping[str, Path], stages: Mapping[str, Stage]
) -> None:
    target = words.pop()
    into = stage.root / (Path(stage.folder) / target).as_posix().lstrip("/")
    if words[0].startswith("--from="):
        source = stages[words.pop(0).removeprefix("--from=")]
        for path in words:
            shutil.copytree(source.root / path.lstrip("/"), into, symlinks=True)
        return
    for path in words:
        found = {name: file for name, file in context.items() if name == path or _is_in(path, name)}
        assert found, f"COPY {path}: no such file in the context (see .dockerignore)"
        for name, file in found.items():
            if name != path:
                to = into / name.removeprefix(f"{path}/")
            else:
                to = into / Path(name).name if target.endswith("/") else into
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)


def _is_in(folder: str, name: str) -> bool:
    return name.startswith(f"{folder}/")


def build_context(top: Path) -> dict[str, Path]:
    """The files under version control that .dockerignore lets through, by their path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=top, capture_output=True, check=True)
    lines = (top / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return {n: top / n for n in names if (top / n).is_file() and not is_ignored(n, patterns)}


def is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Whether .dockerignore leaves a file out: the last pattern counts that fits it, or a folder
    that holds it."""
    parents = [name, *map(str, list(Path(name).parents)[:-1])]
    verdict = False
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        if any(_fits(path, bare) for path in parents):
            verdict = not pattern.startswith("!")
    return verdict


def _fits(path: str, pattern: str) -> bool:
    ways, depth = pattern.removeprefix("**/"), path.count("/")
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rpartition("/")[2], ways)
    return depth == pattern.count("/") and fnmatch.fnmatch(path, pattern)


def _new_root(root: Path) -> Path:
    for folder in (*HOST_FOLDERS, ".host", "root", "opt", "tmp", "var/tmp", "cache", "base/bin"):
        (root / folder).mkdir(parents=True)
    (root / sys.base_prefix.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (root / "base/bin/python").symlink_to(Path(sys.executable).resolve())
    for name in MERGED_FOLDERS:
        if Path("/", name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    return root
