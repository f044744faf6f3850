"""The dead letter: an input that cannot be curated, kept whole with the reason."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class DeadLetter(TypedDict):
    """An input that cannot be curated: the reason, where it came from, and its bytes in base64."""

    # The schema lists no values: a later version may add reasons and stages.
    reason: Annotated[Word, Field(description="Why, as one word, such as `missing`.")]
    stage: Annotated[Word, Field(description="The stage that found it, such as `decode`.")]
    field: NotRequired[Annotated[str, Field(description="The field at fault, if it is one.")]]
    detail: Annotated[str, Field(description="What is wrong, as a message.")]
    input: Annotated[str, Field(description="The file of the input; `-` is standard input.")]
    position: Annotated[
        int, Field(ge=1, description="The line, or the element of an array, counted from 1.")
    ]
    payload: Annotated[
        str, Field(description="The input's own bytes, as base64; its first 64 MiB if it has more.")
    ]
