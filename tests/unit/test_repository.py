"""The files for people who work on the project: valid, and in agreement with each other."""

import json
import re
import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import newsloom

ROOT = Path(__file__).parents[2]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"

# file: the name of its schema
SCHEMAS = {
    ".github/workflows/ci.yml": "github-workflows",
    ".github/ISSUE_TEMPLATE/bug.yml": "github-issue-forms",
    ".github/ISSUE_TEMPLATE/feature.yml": "github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "github-issue-config",
}


def _load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_for_github_is_valid(name: str) -> None:
    schemas = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / f"{SCHEMAS[name]}.json").read_text())
    # YAML 1.1 reads the key `on` as true.
    content = {"on" if key is True else key: value for key, value in _load(name).items()}
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(content)
    assert not validator.is_valid({"no": "such file"})


def test_the_workflow_runs_the_gate_with_few_permissions() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    (job,) = workflow["jobs"].values()
    assert job["timeout-minutes"] <= 60
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    (python,) = (s["with"]["python-version"] for s in job["steps"] if "setup-python" in str(s))
    assert python in _project()["requires-python"]


def test_the_hooks_are_the_commands_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text()
    target = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert target is not None
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in target[1].splitlines()]
    (repository,) = _load(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "a hook must not download anything"
    assert [hook["entry"] for hook in repository["hooks"]] == commands
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert not any(hook["pass_filenames"] for hook in repository["hooks"])


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in _project()
    assert _project()["dynamic"] == ["version"]
    assert f"## {newsloom.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_links_lead_to_a_file(name: str) -> None:
    text = (ROOT / name).read_text()
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert links
    missing = [link for link in links if ":" not in link and not (ROOT / link).exists()]
    assert missing == []


def test_a_source_folder_holds_at_most_a_dozen_modules_and_no_long_file() -> None:
    folders = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / "services").rglob("*.py")
        if path.name != "__init__.py"
    )
    assert len(folders) > 20
    assert {name: count for name, count in folders.items() if count > 12} == {}
    lengths = {
        path.name: len(path.read_text().splitlines()) for path in ROOT.glob("services/**/*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
