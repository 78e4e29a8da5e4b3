"""The root of the tree of errors: four families that say what may happen next, each class with a stable code and a hint for a person.

The docstring of a class is the message its user reads. An accepted attempt is a value (`core.outcomes.Accepted`), not an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, ClassVar


class CrossdockError(Exception):
    """Something went wrong in the hub."""

    code: ClassVar[str] = "crossdock"
    hint: ClassVar[str] = "See the log entry with the same correlation id."
    family: ClassVar[str] = ""

    def __init__(self, message: str = "", **detail: Any) -> None:
        self.message = message or self.summary()
        self.detail: Mapping[str, Any] = detail
        super().__init__(self.message)

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring: the general message of this error."""
        return cleandoc(cls.__doc__ or cls.code).splitlines()[0]

    def as_dict(self) -> dict[str, Any]:
        """The error as it is stored and shown: code, family, message, hint and detail."""
        return {
            "code": self.code,
            "family": self.family,
            "message": self.message,
            "hint": self.hint,
            "detail": dict(self.detail),
        }


class Rejected(CrossdockError):
    """It can never succeed as it is; a person has to look at it."""

    code = "rejected"
    family = "rejected"
    hint = "Correct the data or the landscape, then retry from the exceptions list."


class Deferred(CrossdockError):
    """It may succeed later; the hub retries within the retry budget.

    `retry_after` is the number of seconds the other side asked to wait, when it did.
    """

    code = "deferred"
    family = "deferred"
    hint = "Nothing to do yet: the hub retries and tells a person when the budget ends."

    def __init__(self, message: str = "", *, retry_after: float | None = None, **detail: Any) -> None:
        super().__init__(message, **detail)
        self.retry_after = retry_after


class Uncertain(CrossdockError):
    """The effect may have happened; the hub asks the target before anything else."""

    code = "uncertain"
    family = "uncertain"
    hint = "Do not repeat it by hand. The hub reconciles with the target; when that fails, check the target and resolve."


class Misconfigured(CrossdockError):
    """The system cannot be used as it is configured; its channel is parked until the owner mends it."""

    code = "misconfigured"
    family = "misconfigured"
    hint = "Mend the credential, endpoint or permission of this system; the parked messages go on by themselves."


def all_errors(root: type[CrossdockError] = CrossdockError) -> Iterator[type[CrossdockError]]:
    """Every class of the tree, parents first; used by the reference page and its test."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
