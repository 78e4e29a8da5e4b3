"""The cases of a certification set: YAML files that name an input and what must come out; reads files, runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossdock.core.errors import Misconfigured

FOLDER: Final = "certification"
Verdict = Literal["accepted", "accepted_with_errors", "partially_accepted", "rejected"]


class CaseInvalid(Misconfigured):
    """A certification case cannot be read."""

    code = "certification.invalid"
    hint = "See docs/how-to/onboard-an-edi-partner.md for the form of a case."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedEvent(_Strict):
    """An event that must come: its type, and whatever else is given. `data` is a part of the payload: what is not named may be anything."""

    type: str
    key: str | None = None
    references: dict[str, str] = Field(default_factory=dict)
    data: Any = None


class ExpectedProblem(_Strict):
    """A document that must be refused: the error's code, and words or a place (`PO102`) that must be in it."""

    code: str
    place: str = ""
    words: str = ""


class Expected(_Strict):
    """What must come out. What is left out is not looked at; `events: []` says that none may come."""

    verdict: Verdict | None = None
    events: tuple[ExpectedEvent, ...] | None = None
    problems: tuple[ExpectedProblem, ...] = ()
    acknowledgement: Annotated[
        dict[str, tuple[str, ...]] | None,
        Field(description="Kind (`997`, `CONTRL`, ...) and segments that must stand in it in this order; `{}`: none goes back."),
    ] = None
    segments: Annotated[
        tuple[str, ...] | None, Field(description="Direction `out`: segments that must stand in the document, in this order.")
    ] = None
    contains: Annotated[tuple[str, ...], Field(description="Direction `out`: words that must stand in the document.")] = ()
    document: Annotated[
        str,
        Field(
            description="Direction `out`: a file that the document must equal, control numbers and dates of the envelope aside."
        ),
    ] = ""


class Case(_Strict):
    """One case. `input` is a file beside this one, `text` the input itself; `command` and `data` are for direction `out`."""

    title: str
    direction: Literal["in", "out"] = "in"
    input: str = ""
    text: str = ""
    command: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    expect: Expected
    name: str = ""
    folder: Path = Path()

    @model_validator(mode="after")
    def _whole(self) -> Case:
        if self.direction == "in" and bool(self.input) == bool(self.text):
            raise ValueError("a case that comes in needs `input` (a file) or `text`, one of them")
        if self.direction == "out" and not self.command:
            raise ValueError("a case that goes out needs `command` and `data`")
        return self

    def body(self) -> bytes:
        """The input's bytes. Raises `CaseInvalid`."""
        return self.text.encode() if self.text else self.file(self.input)

    def file(self, name: str) -> bytes:
        """A file beside the case. Raises `CaseInvalid` when it is not there or elsewhere."""
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise CaseInvalid(f"{self.name}: {name} is outside the folder of the case")
        try:
            return path.read_bytes()
        except OSError as error:
            raise CaseInvalid(f"{self.name}: {name}: {error.strerror}") from None


def load_cases(folder: Path) -> list[Case]:
    """All cases of a folder, in order of their file names. Raises `CaseInvalid` for the first that cannot be read."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            content = yaml.safe_load(path.read_bytes())
        except (OSError, yaml.YAMLError) as error:
            raise CaseInvalid(f"{path.name}: {error}") from None
        if not isinstance(content, Mapping):
            raise CaseInvalid(f"{path.name}: a case is a mapping")
        try:
            found.append(Case.model_validate({**content, "name": path.stem, "folder": folder}))
        except ValidationError as error:
            problems = [
                f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False, include_url=False)
            ]
            raise CaseInvalid(f"{path.name}: {'; '.join(problems)}", problems=problems) from None
    return found
