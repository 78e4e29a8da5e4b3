"""Translates codes by the landscape's value maps; says exactly which entry is missing, knows no connector."""

from __future__ import annotations

from collections.abc import Mapping
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
    """All value maps of a landscape, ready for look-up in both directions (implements `connectors.protocol.ValueMaps`)."""

    def __init__(self, maps: Mapping[str, ValueMap]) -> None:
        self._tables = {name: _table(each) for name, each in maps.items()}

    def translate(self, name: str, value: str) -> str:
        """The canonical value of a partner's code. Raises `ValueMapMissing` with `map`, `value` and `direction` in the detail."""
        table = self._find(name, value, "to_canonical")
        found = table.to_canonical.get(value.casefold() if table.ignore_case else value)
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
