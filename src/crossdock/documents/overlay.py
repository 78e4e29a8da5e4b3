"""A partner's deviations as declared rules: what stands where in its documents, put right before reading and made so after writing.

A rule has a `target` place (`PO1/PO1{VP}`), a value in the overlay language (`from`, `const`, `template`, `concat`, `as`, `default`, `when`)
whose paths are places too, or `drop: true`. A source in the target's loop is taken from the same occurrence of that loop. Knows no document type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossdock.core.errors import SchemaInvalid
from crossdock.documents.mapping import Codes
from crossdock.documents.places import Place, find_loops, find_segments, parse_place
from crossdock.documents.segment_tree import SegmentTree
from crossdock.edi.guides import Loop
from crossdock.edi.writer import Row
from crossdock.overlay.mapper import Test, compile_conditions, compile_rule, describe
from crossdock.overlay.paths import PathCompiler, Reader, Scope
from crossdock.overlay.rules import PATHS, Conditions, FieldRule
from crossdock.overlay.steps import text

_OWN: Final = frozenset({"target", "drop", "after", "note"})


class Rule(BaseModel):
    """One deviation. `after` names the segment behind which a new one is put, `note` says why the rule is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    value: FieldRule | None = None
    drop: bool = False
    when: Conditions = ()
    after: Annotated[str, Field(pattern="^([A-Z][A-Z0-9]{1,2})?$")] = ""
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _written(cls, data: Any) -> Any:
        """Rules are written flat: the value's own words stand beside the target."""
        if not isinstance(data, Mapping):
            raise ValueError("a rule is written as `{target: BEG03, from: REF[PO]02}`")
        target = data.get("target")
        if not isinstance(target, str) or not target:
            raise ValueError("a rule needs a `target` such as BEG03 or PO1/PO1{VP}")
        place = parse_place(target)
        own = {name: value for name, value in data.items() if name in _OWN}
        rest = {name: value for name, value in data.items() if name not in _OWN}
        context = {PATHS: partial(compile_place, target=place)}
        if data.get("drop"):
            if set(rest) - {"when"}:
                raise ValueError(f"`drop` takes no value; it has {', '.join(sorted(set(rest) - {'when'}))}")
            if not rest:
                return own
            return {**own, "when": list(FieldRule.model_validate({"const": "", **rest}, context=context).when)}
        if "each" in rest or "fields" in rest or "value" in rest:
            raise ValueError("a rule has one value; a target in a loop is set in every occurrence of it by itself")
        if not place.element and not place.pair:
            raise ValueError(f"{target} is a whole segment; name an element of it, such as {target}02")
        return {**own, "value": FieldRule.model_validate(rest, context=context)}


def compile_place(path: str, target: Place) -> Reader:
    """The reader of a source: a place, `@name` for a fact, `#` for the number of the occurrence. Raises ValueError with the wrong part."""
    if path == "#":
        return lambda node, scope: scope.index
    if path.startswith("@"):
        name = path[1:]
        return lambda node, scope: scope.meta.get(name)
    place = parse_place(path)
    if not place.element and not place.pair:
        return lambda node, scope: path if _segments(place, target, node, scope) else None
    return lambda node, scope: next(
        (value for each in _segments(place, target, node, scope) if (value := place.read(each))), None
    )


def _segments(place: Place, target: Place, node: Loop, scope: Scope) -> Sequence[Any]:
    shared = 0
    while shared < min(len(place.loops), len(target.loops)) and place.loops[shared] == target.loops[shared]:
        shared += 1
    if shared and shared == len(target.loops):
        return find_segments(
            node, Place(place.loops[shared:], place.segment, place.element, place.component, place.pair), here=True
        )
    return find_segments(scope.root, place)


class Overlay:
    """Compiled rules, applied in the order written: a later rule sees what an earlier one did."""

    def __init__(self, rules: Sequence[Rule], codes: Codes) -> None:
        self._steps: list[tuple[Rule, Place, Reader | None, Test | None]] = []
        for rule in rules:
            target = parse_place(rule.target)
            paths: PathCompiler = partial(compile_place, target=target)
            if rule.value is None:
                holds = compile_conditions(rule.when, paths) if rule.when else None
                self._steps.append((rule, target, None, holds))
            else:
                read = compile_rule(rule.value, codes, lambda name: False, rule.target, paths=paths)
                self._steps.append((rule, target, read, None))

    def apply(self, tree: SegmentTree, facts: Mapping[str, Any]) -> None:
        """Change a document. Raises `SchemaInvalid` listing every rule that could not be carried out, `ValueMapMissing`."""
        problems: list[dict[str, Any]] = []
        for rule, target, read, holds in self._steps:
            scope = Scope(tree.root, facts)
            for place, node in enumerate(find_loops(tree.root, target.loops), 1):
                scope.index = place
                if read is None:
                    if holds is None or holds(node, scope):
                        tree.drop(node, target)
                    continue
                try:
                    value = read(node, scope)
                    if value is not None:
                        tree.put(node, target, text(value), rule.after)
                except ValueError as problem:
                    source = describe(rule.value) if rule.value is not None else ""
                    problems.append(
                        {"path": "", "place": rule.target, "kind": "overlay", "message": f"{problem} (overlay: {source})"}
                    )
        if problems:
            listed = "; ".join(f"{each['place']}: {each['message']}" for each in problems[:5])
            raise SchemaInvalid(f"the partner's overlay does not fit the document: {listed}", problems=problems)


def check_rules(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with rules as they are written, each with the number of the rule (from 1) and the part of it; nothing when all are right."""
    found: list[str] = []
    for number, data in enumerate(rules, 1):
        try:
            Rule.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                where = ".".join(str(part) for part in item["loc"])
                found.append(f"rule {number}{f', {where}' if where else ''}: {item['msg'].removeprefix('Value error, ')}")
    return found


def apply_before(document: Any, rules: Sequence[Mapping[str, Any]], codes: Codes, facts: Mapping[str, Any] | None = None) -> Any:
    """A parsed document as the mapping wants it; the one given is not changed. What is not X12 or EDIFACT has no places and is refused."""
    if not isinstance(document, Loop):
        raise _not_segments()
    tree = SegmentTree.copy_of(document)
    _overlay(rules, codes).apply(tree, facts or {})
    return tree.root


def apply_after(written: Any, rules: Sequence[Mapping[str, Any]], codes: Codes, facts: Mapping[str, Any] | None = None) -> Any:
    """Segments as the partner wants them, out of those a writer made. What is not X12 or EDIFACT has no places and is refused."""
    if isinstance(written, (bytes, bytearray)):
        raise _not_segments()
    rows: Sequence[Row] = written
    tree = SegmentTree.of_rows(rows)
    _overlay(rules, codes).apply(tree, facts or {})
    return tree.rows()


def _not_segments() -> SchemaInvalid:
    return SchemaInvalid("an overlay changes places of X12 and EDIFACT documents; this document has none", problems=[])


def _overlay(rules: Sequence[Mapping[str, Any]], codes: Codes) -> Overlay:
    return Overlay([_rule(json.dumps(dict(rule), default=str)) for rule in rules], codes)


@lru_cache(maxsize=1024)
def _rule(written: str) -> Rule:
    """A rule by its text, read once."""
    return Rule.model_validate(json.loads(written))
