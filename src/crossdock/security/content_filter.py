"""Strips from canonical documents what a receiver is not entitled to, before the bytes leave; knows no connector, no page and no table.

A data class (`policies.yaml`) names paths of canonical fields. A document is cut where such a path leads, also where it is part of
another document: an order inside an envelope is still an order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias, get_args

from pydantic import ValidationError

from crossdock.canonical.base import Canonical
from crossdock.core.command_documents import documents
from crossdock.core.errors import ContentWithheld

Tree: TypeAlias = Mapping[str, "Tree | None"]
"""Where to cut: a field and what to cut inside it, None for the field whole."""
Paths: TypeAlias = frozenset[tuple[str, ...]]
"""Protected paths; the first part names the document's schema, for example `("order", "customer", "email")`."""

PUBLISH: Final = "event.publish"
"""The command by which a fact is told; what is left of its document need not be a whole one."""
_NOTHING: Final[Tree] = MappingProxyType({})


class ContentFilter:
    """What one receiver must not be given. Reading it costs nothing where nothing is withheld: ask `bool` first."""

    __slots__ = ("_paths",)

    def __init__(self, paths: Iterable[tuple[str, ...]] = ()) -> None:
        self._paths: Paths = frozenset(paths)

    def __bool__(self) -> bool:
        return bool(self._paths)

    def document(self, kind: type[Canonical], value: Any) -> tuple[Any, tuple[str, ...]]:
        """The JSON dump of a canonical document without withheld fields, and the paths of what was there and is not any more."""
        found: dict[str, None] = {}
        cut = _cut(value, _tree(kind, self._paths), kind.schema_name, found) if self._paths else value
        return cut, tuple(sorted(found))

    def command(self, name: str, data: Mapping[str, Any], *, whole: bool = True) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """A command's data without what its receiver must not be given, and the paths that were stripped; the same object when nothing was.

        Raises `ContentWithheld`, which names the fields, when what is left is no such document any more: it is not sent at all. With `whole`
        false nobody reads what is left as a document (a page shows parts of it), and it is not judged.
        """
        if not self._paths:
            return data, ()
        stripped: dict[str, None] = {}
        made: dict[str, Any] | None = None
        for path, kind, value in documents(name, data):
            cut, fields = self.document(kind, value)
            if not fields:
                continue
            stripped |= dict.fromkeys(fields)
            if whole and name != PUBLISH:
                cut = _sound(kind, value, cut, fields)
            made = dict(data) if made is None else made
            head, _, place = path.partition(".")
            if place:
                made[head] = list(made[head])
                made[head][int(place)] = cut
            else:
                made[head] = cut
        if made is not None and name == PUBLISH:
            # a subscriber is told what it may know of an event, and that it is not all
            made["attributes"] = {**made.get("attributes", {}), "withheld": ",".join(sorted(stripped))}
        return (data if made is None else made), tuple(stripped)


OPEN: Final = ContentFilter()
"""Withholds nothing."""


def _sound(kind: type[Canonical], before: Any, after: Any, fields: tuple[str, ...]) -> Any:
    """The document as it may leave: a text it cannot be without is there and empty. Raises when it is none any more without the fields."""
    try:
        kind.model_validate(after)
        return after
    except ValidationError as error:
        blank = _blanked(before, after, [each["loc"] for each in error.errors() if each["type"] == "missing"])
    try:
        kind.model_validate(blank)
        return blank
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in each["loc"]) or kind.schema_name for each in error.errors()})
    try:
        kind.model_validate(before)
    except ValidationError:
        return blank  # it was none before: whoever is asked to send it says so
    raise ContentWithheld(
        f"without {', '.join(fields)}, which this receiver may not see, it is no {kind.schema_name} any more",
        fields=list(fields), needed=places,
    )  # fmt: skip


def _blanked(before: Any, after: Any, places: Iterable[tuple[int | str, ...]]) -> Any:
    made = deepcopy(after)
    for place in places:
        here, there = made, before
        try:
            for part in place[:-1]:
                here, there = here[part], there[part]
            if isinstance(there[place[-1]], str):
                here[place[-1]] = ""
        except (KeyError, IndexError, TypeError):
            continue
    return made


def _cut(value: Any, tree: Tree, path: str, found: dict[str, None]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        cut = [_cut(each, tree, path, found) for each in value]
        return cut if any(new is not old for new, old in zip(cut, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] | None = None
    for name, inner in tree.items():
        old = value.get(name)
        if old is None or old == [] or old == {} or old == "":
            continue
        if inner is None:
            found[f"{path}.{name}"] = None
            made = dict(value) if made is None else made
            del made[name]
            continue
        new = _cut(old, inner, f"{path}.{name}", found)
        if new is not old:
            made = dict(value) if made is None else made
            made[name] = new
    return value if made is None else made


@lru_cache(maxsize=4096)
def _tree(kind: type[Canonical], paths: Paths, above: frozenset[type[Canonical]] = frozenset()) -> Tree:
    """Where a document of this kind is cut: its own protected paths, and those of every document that is part of it."""
    made: dict[str, Any] = {}
    for path in paths:
        if path == (kind.schema_name,):
            return dict.fromkeys(kind.model_fields)
        if path[0] == kind.schema_name:
            _plant(made, path[1:])
    for name, field in kind.model_fields.items():
        for part in _parts(field.annotation):
            if (part.schema_name,) in paths:
                made[name] = None
            if name in made and made[name] is None:
                break
            if part in above or part is kind:
                continue
            _graft(made, name, _tree(part, paths, above | {kind}))
    return made or _NOTHING


def _plant(made: dict[str, Any], path: tuple[str, ...]) -> None:
    """Add one path; one that ends earlier covers those below."""
    here = made
    for place, part in enumerate(path):
        if part in here and here[part] is None:
            return
        if place == len(path) - 1:
            here[part] = None
        else:
            here = here.setdefault(part, {})


def _graft(made: dict[str, Any], name: str, tree: Tree) -> None:
    for part, inner in tree.items():
        branch = made.setdefault(name, {})
        if branch is None:
            return
        if inner is None:
            branch[part] = None
        elif part not in branch or branch[part] is not None:
            _graft(branch, part, inner)


def _parts(annotation: Any) -> Iterable[type[Canonical]]:
    """The canonical documents a field may hold, alone, in a list or among others."""
    if isinstance(annotation, type) and issubclass(annotation, Canonical):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)
