"""A wheel of the project, installed into an empty environment, curates as the checkout does.

The environment contains the wheel and links to the distributions that the wheel requires, and
nothing else. Neither the checkout nor a development tool can be imported there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

import newsloom
from newsloom.pipeline.search import posting_kernels
from tests.support.runs import PROJECTIONS, complete

ROOT = Path(__file__).parents[2]
INPUTS = ("examples/fortnight.jsonl", "examples/events")
ARRIVAL_FIELDS = {"curatedDateTime", "firstPublishedDateTime", "lastPublishedDateTime"}
"""Fields that the arrival time limits: they may differ if an event's date is in the future."""


@dataclass(frozen=True, slots=True)
class _Environment:
    folder: Path

    @property
    def packages(self) -> Path:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def run(self, *arguments: object) -> str:
        """The standard output of a program of the environment, which must succeed."""
        program, *rest = map(str, arguments)
        return _run(self.folder / "bin" / program, *rest)


def _run(*arguments: object) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NEWSLOOM_", "PYTHON", "VIRTUAL_ENV"))
    }
    completed = subprocess.run(
        [*map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> _Environment:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", folder / "dist")
    (wheel,) = (folder / "dist").iterdir()
    environment = _Environment(folder / "venv")
    _run(sys.executable, "-m", "venv", "--without-pip", environment.folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    options = ("--quiet", "--no-deps", "--no-index", "--root-user-action", "ignore")
    _run(*pip, "--python", environment.folder / "bin" / "python", "install", *options, wheel)
    for name in _required_distributions():
        _link(name, environment.packages)
    _copy_compiled_loops(environment.packages / "newsloom")
    return environment


def _required_distributions() -> set[str]:
    """The distributions that pyproject.toml requires, directly or through other distributions.

    A distribution that is not installed here is required only on other systems.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: set[tuple[str, str]] = set()
    pending: list[str] = list(project["dependencies"])
    while pending:
        match = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?", pending.pop())
        assert match is not None
        name, extras = match[1], match[2] or ""
        if (name, extras) in found or not _is_installed(name):
            continue
        found.add((name, extras))
        for requirement in distribution(name).requires or []:
            extra = re.search(r"extra\s*==\s*[\"']([\w-]+)", requirement)
            if extra is None or extra[1] in extras.split(","):
                pending.append(requirement)
    return {name for name, _ in found}


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _link(name: str, packages: Path) -> None:
    """Links the files and packages of an installed distribution into `packages`."""
    installed = distribution(name)
    assert installed.files is not None, name
    for top in {file.parts[0] for file in installed.files} - {"..", "__pycache__"}:
        link = packages / top
        if not link.exists():
            link.symlink_to(str(installed.locate_file(top)))


def _copy_compiled_loops(package: Path) -> None:
    """Copies the cache of compiled loops, which saves ten seconds of compilation.

    Numba accepts a cache only if the source file has the same modification time.
    """
    source, target = Path(posting_kernels.__file__).parent, package / "pipeline" / "search"
    (target / "__pycache__").mkdir(exist_ok=True)
    for file in (source / "__pycache__").glob("*.nb[ci]"):
        shutil.copy(file, target / "__pycache__")
    for file in source.glob("*.py"):
        shutil.copystat(file, target / file.name)


def test_the_environment_imports_the_wheel_and_no_development_tools(
    environment: _Environment,
) -> None:
    script = (
        "import json, sys, newsloom, importlib.metadata as m, importlib.util as u;"
        "print(json.dumps([newsloom.__file__, sys.path, m.version('newsloom'),"
        " [n for n in ('pytest', 'hatchling', 'mypy') if u.find_spec(n)]]))"
    )
    file, path, version, tools = json.loads(environment.run("python", "-I", "-c", script))
    assert Path(file) == environment.packages / "newsloom" / "__init__.py"
    assert not [entry for entry in path if str(ROOT) in entry]
    assert version == newsloom.__version__
    assert tools == []


def test_the_wheel_contains_every_file_of_the_package(environment: _Environment) -> None:
    def files(package: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(package)): path.read_bytes()
            for path in package.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    installed = files(environment.packages / "newsloom")
    assert installed == files(Path(newsloom.__file__).parent)
    assert {
        "py.typed",
        "catalogue/providers.toml",
        "catalogue/topics.toml",
        "catalogue/word_weights/en.txt",
        "rules/story_weights.toml",
        "rules/addresses/tracking_parameters.toml",
    } <= set(installed)


def test_the_command_prints_its_version(environment: _Environment) -> None:
    assert environment.run("newsloom", "--version").split()[-1] == newsloom.__version__


def test_the_wheel_curates_the_fortnight_as_the_checkout_does(
    environment: _Environment, tmp_path: Path
) -> None:
    options = (*INPUTS, "--images", "off")
    environment.run("newsloom", "run", *options, "--quiet", "--output", tmp_path / "wheel")
    complete(*options, output=tmp_path / "checkout", cwd=ROOT)
    for name in PROJECTIONS:
        records = _records(tmp_path / "wheel" / name)
        assert records == _records(tmp_path / "checkout" / name)
        assert records


def _records(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text().splitlines()
    return [
        {name: value for name, value in json.loads(line).items() if name not in ARRIVAL_FIELDS}
        for line in lines
    ]
