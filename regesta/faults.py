"""What is said of an error that the data of a fact or a fault of ours raises. Pure."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails


def told(error: Exception) -> str:
    """Return an error in one line of at most 1,000 characters; of data that is not what its contract says, without the data."""
    said = str(error)
    if isinstance(error, ValidationError):
        said = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'data'}: {_wrong(each)}" for each in error.errors())
    return " ".join(f"{type(error).__name__}: {said}".replace("\0", "").split())[:1000]


def wrong_with(error: Exception) -> str:
    """Return what is wrong with a fact that cannot be read, without its data: the words of a fault of ours may quote it."""
    return told(error) if isinstance(error, ValidationError) else type(error).__name__


def _wrong(found: ErrorDetails) -> str:
    """Return what is wrong with one member. The words of a contract's own ValueError quote the value; its code does not."""
    if found["type"] != "value_error":
        return found["msg"]
    return str(getattr(found["ctx"]["error"], "code", "not what its contract says"))
