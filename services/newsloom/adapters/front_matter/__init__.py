"""Front matter: curated records as Markdown files with YAML front matter."""

from newsloom.adapters.front_matter.document import MAX_BYTES, Document, dumps, loads
from newsloom.adapters.front_matter.form import FrontMatterError

__all__ = ["MAX_BYTES", "Document", "FrontMatterError", "dumps", "loads"]
