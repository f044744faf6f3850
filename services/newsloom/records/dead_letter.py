"""The dead letter: an input that cannot be curated, kept whole with the reason."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class DeadLetter(TypedDict):
    """A line of `dead-letters.jsonl`: why, where it came from, and its own bytes in base64."""

    # Open words to a subscriber: later stages add reasons of the same kind.
    reason: Word
    stage: Word
    field: NotRequired[str]
    detail: str
    input: str
    position: Annotated[int, Field(ge=1, description="1-based line of the input")]
    payload: Annotated[str, Field(description="the input's own bytes, base64")]
