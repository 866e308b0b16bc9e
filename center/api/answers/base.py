"""What all answers share."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What all of them share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Answer):
    """What went wrong, as RFC 9457 says it: `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    """What is wrong with which value, and the mend."""
    key: str = ""
    """The parameter or field that is meant."""
