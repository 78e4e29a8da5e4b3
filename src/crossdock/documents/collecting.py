"""What is wrong or unknown in one document, collected while it is read or written and told at once; knows no syntax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.documents.mapping import Codes, ReadContext, WriteContext
from crossdock.documents.options import MapPurpose

MAX_PROBLEMS: Final = 200
"""More of a kind are not told: somebody who sent two hundred wrong lines sent a wrong file."""
_NAMED: Final = 5
Where = dict[str, Any]
"""A place in the document as its syntax tells places; `place` is what a person reads."""


class Collecting:
    """One document at hand: the agreement's options and codes, and everything that stands in the way."""

    def __init__(self, context: ReadContext | WriteContext, codes: Codes) -> None:
        self.options = context.options
        self.codes = codes
        self.problems: list[dict[str, Any]] = []
        self.unknown: list[dict[str, Any]] = []

    def note(self, path: str, message: str, where: Where, kind: str = "mapping") -> None:
        """Note something wrong or missing; `path` is the field, `where` the place in the document. What is read twice is told once."""
        problem = {"path": path, "message": message, "kind": kind, **where}
        if len(self.problems) < MAX_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)

    def note_unknown(self, name: str, value: str, where: Where) -> None:
        """Note a code without an entry in a value map."""
        if len(self.unknown) < MAX_PROBLEMS:
            self.unknown.append({"map": name, "value": value, **where})

    def agreed(self, purpose: MapPurpose, value: str, turn: Callable[[str, str], str]) -> str | None:
        """A code by the agreement's map for a purpose; None where it names no map, or the map has no entry.

        `turn` is `codes.translate` for a reader, `codes.reverse` for a writer.
        """
        name = self.options.maps.get(purpose)
        if name is None:
            return None
        try:
            return turn(name, value)
        except ValueMapMissing:
            return None

    def map_for(self, purpose: MapPurpose) -> str:
        """The value map an entry belongs into: the agreement's, else one of the purpose's own name."""
        return self.options.maps.get(purpose, purpose)

    def tell(self, lead: str, lacks: str = "entry", direction: str = "to_canonical") -> None:
        """Raise `SchemaInvalid` or `ValueMapMissing` with all that was collected, if anything was; `lead` begins the sentence."""
        lead = f"{lead}: " if lead else ""
        if self.problems:
            listed = "; ".join(f"{each.get('place') or each['path']}: {each['message']}" for each in self.problems[:_NAMED])
            missing = [
                {"path": "", "message": f"no {lacks} for {u['value']!r} in value map {u['map']!r}", "kind": "value_map", **u}
                for u in self.unknown
            ]
            raise SchemaInvalid(f"{lead}{listed}{_others(self.problems)}", problems=self.problems + missing)
        if self.unknown:
            first = self.unknown[0]
            found = f", found at {first['place']}" if first.get("place") else ""
            more = f" (and {len(self.unknown) - 1} more entries)" if len(self.unknown) > 1 else ""
            raise ValueMapMissing(
                f"{lead}value map {first['map']!r} has no {lacks} for {first['value']!r}{found}{more}",
                map=first["map"],
                value=first["value"],
                direction=direction,
                missing=self.unknown,
            )


def said(error: Any) -> str:
    """What validation found wrong with a field, in the words of a document."""
    return "is missing" if error["type"] == "missing" else str(error["msg"]).removeprefix("Value error, ")


def _others(problems: list[dict[str, Any]]) -> str:
    return f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
