"""Builds and runs an image from its Dockerfile in Linux namespaces, without a container engine.

In: a Dockerfile and the files of its build context. Out: a folder for each stage, and commands run
in it as in a container: only the environment of the image, the user of the image, a read-only root.
This machine's Python and /usr replace the base image. It writes only to the folders of the stages,
a cache and the volumes of the caller.
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
# These variables say how clients reach the package index.
INDEX_VARIABLES = re.compile(r"PIP_\w+|SSL_CERT_(FILE|DIR)|\w+_PROXY|\w+_proxy|REQUESTS_CA_BUNDLE")
HOST_FOLDERS = ("usr", "etc", "dev", "proc")
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib64")

# Mounts this machine's folders, with Python's, read-only in the new root, and gives it its own /tmp
# and /var/tmp. $1: the root, $2: rw in a build, else ro, $3: the folder of Python, $4: the cache of
# a build, $5: a folder of this machine for /var/tmp, or nothing.
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
    """A stage of the Dockerfile: the folder with its files, and how to start its commands."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def run(
        self,
        command: Sequence[str],
        settings: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the container until it ends; `scratch` is a volume for /var/tmp."""
        return _complete(self._wrap(command, scratch), self._environment(settings))

    def start(
        self,
        command: Sequence[str],
        settings: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Starts a command in the container; `scratch` is a volume for /var/tmp."""
        return subprocess.Popen(
            self._wrap(command, scratch),
            env=self._environment(settings),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_step(self, step: str) -> subprocess.CompletedProcess[str]:
        """Runs a build step: as root, with a writable root folder."""
        index_variables = {n: v for n, v in os.environ.items() if INDEX_VARIABLES.fullmatch(n)}
        environment = self._environment({"HOME": "/root", "PIP_CACHE_DIR": "/cache"})
        return _complete([*self._enter("rw"), "sh", "-c", step], index_variables | environment)

    def _environment(self, settings: Mapping[str, str] | None) -> dict[str, str]:
        return self.environment | {"PWD_INSIDE": self.folder} | dict(settings or {})

    def _wrap(self, command: Sequence[str], scratch: Path | None) -> list[str]:
        user, _, group = self.user.partition(":")
        set_user = ["unshare", "--user", f"--map-user={user}", f"--map-group={group}"]
        return [*self._enter("ro", scratch), *set_user, *command]

    def _enter(self, mode: str, scratch: Path | None = None) -> list[str]:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsloom/image"
        cache.mkdir(parents=True, exist_ok=True)
        enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-euc", _ENTER, "sh"]
        return [*enter, str(self.root), mode, sys.base_prefix, str(cache), str(scratch or "")]


def _complete(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=STEP_TIMEOUT_S,
        check=False,
    )


def build(dockerfile: Path, context: Mapping[str, Path], folder: Path) -> Stage:
    """Builds a Dockerfile, whose COPY reads from `context`, and returns its last stage.

    AssertionError if a step fails, or for an unknown instruction.
    """
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for keyword, rest in instructions(dockerfile.read_text()):
        if keyword == "FROM":
            name = rest.partition(" AS ")[2] or str(len(stages))
            stage = stages[name] = Stage(_new_root(folder / name))
            continue
        assert stage is not None, "the Dockerfile must start with FROM"
        _apply(stage, keyword, rest, context, stages)
    assert stage is not None
    return stage


def instructions(text: str) -> list[tuple[str, str]]:
    """Pairs of keyword and arguments, with continued lines joined.

    AssertionError for an unknown instruction.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    unknown = {keyword for keyword, _ in pairs} - KNOWN
    assert not unknown, f"tests/support/image.py does not know the instructions {unknown}"
    return [(keyword, rest) for keyword, rest in pairs]


def _apply(
    stage: Stage, keyword: str, rest: str, context: Mapping[str, Path], stages: Mapping[str, Stage]
) -> None:
    if keyword == "RUN":
        completed = stage.run_step(rest)
        output = f"{completed.stdout}{completed.stderr}"
        assert completed.returncode == 0, f"RUN {rest}\n{output}"
    elif keyword == "COPY":
        _copy(stage, rest.split(), context, stages)
    elif keyword == "ENV":
        stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    elif keyword == "WORKDIR":
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif keyword == "USER":
        stage.user = rest
    elif keyword == "HEALTHCHECK":
        stage.healthcheck = json.loads(rest.partition("CMD ")[2])
    elif keyword == "ENTRYPOINT":
        stage.entrypoint = json.loads(rest)
    elif keyword == "CMD":
        stage.command = json.loads(rest)


def _copy(
    stage: Stage, arguments: list[str], context: Mapping[str, Path], stages: Mapping[str, Stage]
) -> None:
    target = arguments.pop()
    destination = stage.root / (Path(stage.folder) / target).as_posix().lstrip("/")
    if arguments[0].startswith("--from="):
        source = stages[arguments.pop(0).removeprefix("--from=")]
        for path in arguments:
            shutil.copytree(source.root / path.lstrip("/"), destination, symlinks=True)
        return
    for path in arguments:
        files = {name: file for name, file in context.items() if name == path or _is_in(path, name)}
        assert files, f"COPY {path}: no such file in the context (see .dockerignore)"
        for name, file in files.items():
            if name != path:
                to = destination / name.removeprefix(f"{path}/")
            else:
                to = destination / Path(name).name if target.endswith("/") else destination
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)


def _is_in(folder: str, name: str) -> bool:
    return name.startswith(f"{folder}/")


def build_context(top: Path) -> dict[str, Path]:
    """The files under version control that .dockerignore does not exclude, by their path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=top, capture_output=True, check=True)
    lines = (top / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return {n: top / n for n in names if (top / n).is_file() and not is_ignored(n, patterns)}


def is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Whether .dockerignore excludes a file: the last pattern decides that matches the file or
    one of its parent folders."""
    paths = [name, *map(str, list(Path(name).parents)[:-1])]
    is_excluded = False
    for pattern in patterns:
        glob = pattern.removeprefix("!")
        if any(_matches(path, glob) for path in paths):
            is_excluded = not pattern.startswith("!")
    return is_excluded


def _matches(path: str, pattern: str) -> bool:
    glob, depth = pattern.removeprefix("**/"), path.count("/")
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rpartition("/")[2], glob)
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
