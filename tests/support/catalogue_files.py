"""Catalogue files for tests: a provider, a topic, and folders that hold such files."""

from pathlib import Path

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.catalogue import Catalogue

PROVIDER = '[[provider]]\ndomain = "bbc.co.uk"\nname = "BBC"\n'
TOPIC = '[[topic]]\nid = "rail"\nname = "Railways"\nkeywords = ["rail strike"]\n'
TAKEN_BY = "is already used by the topic"


def folder_of(path: Path, providers: str | bytes = "", topics: str | bytes = "") -> Path:
    for name, content in (("providers.toml", providers), ("topics.toml", topics)):
        data = content if isinstance(content, bytes) else content.encode()
        (path / name).write_bytes(data)
    return path


def load(folder: Path) -> Catalogue:
    """The catalogue of the two files of a folder, without the bundled ones."""
    return load_catalogue([folder / "providers.toml", folder / "topics.toml"], bundled=())
