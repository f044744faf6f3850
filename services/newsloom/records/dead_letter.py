"""The dead letter: an input that cannot be curated, kept whole with the reason."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class DeadLetter(TypedDict):
    """An input that cannot be curated: the reason, where it came from, and its bytes in base64."""

    # Subscribers must accept other values: later versions may add reasons and stages.
    reason: Word
    stage: Word
    field: NotRequired[str]
    detail: str
    input: str
    position: Annotated[int, Field(ge=1, description="The line number in the input, from 1.")]
    payload: Annotated[str, Field(description="The bytes of the input, in base64.")]
