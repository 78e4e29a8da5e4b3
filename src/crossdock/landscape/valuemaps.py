"""Translates codes by the landscape's value maps; says exactly which entry is missing, knows no connector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossdock.core.errors import ValueMapMissing
from crossdock.landscape.findings import did_you_mean
from crossdock.landscape.models.value_map import ValueMap


@dataclass(frozen=True, slots=True)
class _Table:
    to_canonical: Mapping[str, str]
    to_partner: Mapping[str, str]
    ignore_case: bool
    keep: bool
    default: str | None


def _table(source: ValueMap) -> _Table:
    fold = source.ignore_case
    forward = {code.casefold() if fold else code: value for code, value in source.entries.items()}
    back: dict[str, str] = {}
    for code, value in source.entries.items():
        back.setdefault(value, code)
    back |= source.preferred
    return _Table(forward, back, fold, source.unknown == "keep", source.default)


class CodeTables:
    """All value maps of a landscape, ready for look-up in both directions (implements `connectors.protocol.ValueMaps`).

    `add` lays entries over them that people made while the hub runs. What the landscape's files say goes first: an added entry fills a
    hole and never changes what was reviewed.
    """

    def __init__(self, maps: Mapping[str, ValueMap]) -> None:
        self._tables = {name: _table(each) for name, each in maps.items()}
        self._added: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def add(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Replace all added entries by these: (map, partner's code, canonical value) each; those of maps that are gone are left out."""
        added: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        for name, code, value in entries:
            table = self._tables.get(name)
            if table is not None:
                forward, back = added.setdefault(name, ({}, {}))
                forward[code.casefold() if table.ignore_case else code] = value
                back.setdefault(value, code)
        self._added = added  # in one step: readers in other threads see the old ones or the new ones

    @property
    def changed(self) -> bool:
        """Whether entries were added to what the landscape's files say."""
        return bool(self._added)

    def known(self, name: str) -> bool:
        """Whether there is such a map."""
        return name in self._tables

    def has(self, name: str, code: str) -> bool:
        """Whether a code, the partner's or the canonical one, has an entry, in the landscape's file or added since."""
        table = self._tables[name]
        folded = code.casefold() if table.ignore_case else code
        forward, back = self._added.get(name, ({}, {}))
        return folded in table.to_canonical or folded in forward or code in table.to_partner or code in back

    def says(self, name: str, code: str) -> str | None:
        """What the landscape's own file says of a partner's code; None when it has no entry."""
        table = self._tables[name]
        return table.to_canonical.get(code.casefold() if table.ignore_case else code)

    def translate(self, name: str, value: str) -> str:
        """The canonical value of a partner's code. Raises `ValueMapMissing` with `map`, `value` and `direction` in the detail."""
        table = self._find(name, value, "to_canonical")
        found = table.to_canonical.get(value.casefold() if table.ignore_case else value)
        if found is None and name in self._added:
            found = self._added[name][0].get(value.casefold() if table.ignore_case else value)
        if found is not None:
            return found
        if table.keep:
            return value
        if table.default is not None:
            return table.default
        raise ValueMapMissing(
            f"value map {name!r} has no entry for code {value!r}", map=name, value=value, direction="to_canonical"
        )

    def reverse(self, name: str, value: str) -> str:
        """The partner's code for a canonical value: the preferred one, else the first in the file. Raises `ValueMapMissing`."""
        table = self._find(name, value, "to_partner")
        found = table.to_partner.get(value)
        if found is None and name in self._added:
            found = self._added[name][1].get(value)
        if found is not None:
            return found
        if table.keep:
            return value
        raise ValueMapMissing(
            f"value map {name!r} has no code for canonical value {value!r}", map=name, value=value, direction="to_partner"
        )

    def _find(self, name: str, value: str, direction: str) -> _Table:
        table = self._tables.get(name)
        if table is None:
            raise ValueMapMissing(
                f"there is no value map {name!r}. {did_you_mean(name, self._tables)}", map=name, value=value, direction=direction
            )
        return table
