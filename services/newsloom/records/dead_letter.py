"""The dead letter: an input that cannot be curated, kept whole with the reason."""

from typing import Annotated

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from newsloom.records.faults import Reason, Stage


class DeadLetter(TypedDict):
    """A line of `dead-letters.jsonl`: why, where it came from, and its own bytes in base64."""

    reason: Reason
    stage: Stage
    field: NotRequired[str]
    detail: str
    input: str
    position: Annotated[int, Field(ge=1, description="1-based line of the input")]
    payload: Annotated[str, Field(description="the input's own bytes, base64")]
