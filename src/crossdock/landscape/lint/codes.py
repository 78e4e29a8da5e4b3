"""Checks on value maps: translations that are not what they seem."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View


@check("ambiguous-reverse", "warning")
def ambiguous_reverse(view: View) -> Iterator[Finding]:
    """Several codes mean the same, and nothing says which one is sent to the partner."""
    one_way = {system.options.get(option) for system in view.systems.values() for option in ("location_map", "reason_map")}
    for name, table in view.value_maps.items():
        if name in one_way:
            continue  # many bins are one place, and nothing is sent back
        codes: dict[str, list[str]] = {}
        for code, value in table.entries.items():
            codes.setdefault(value, []).append(code)
        for value, several in codes.items():
            if len(several) > 1 and value not in table.preferred:
                message = f"{', '.join(several)} all mean {value!r}; sent is {several[0]!r}, because it stands first"
                yield view.at(
                    "value-maps", name, ("entries", several[0]), message, f"Add `preferred: {{{value}: {several[0]}}}`."
                )


@check("preferred-unknown")
def preferred_unknown(view: View) -> Iterator[Finding]:
    """`preferred` names a value or code that is not among the entries."""
    for name, table in view.value_maps.items():
        for value, code in table.preferred.items():
            if value not in table.entries.values():
                message = f"no code means {value!r}"
                yield view.at("value-maps", name, ("preferred", value), message, did_you_mean(value, set(table.entries.values())))
            elif table.entries.get(code) != value:
                fitting = [each for each, meant in table.entries.items() if meant == value]
                yield view.at(
                    "value-maps", name, ("preferred", value), f"{code!r} does not mean {value!r}", did_you_mean(code, fitting)
                )


@check("case-clash")
def case_clash(view: View) -> Iterator[Finding]:
    """With `ignore_case` two codes are the same code with two meanings."""
    for name, table in view.value_maps.items():
        if not table.ignore_case:
            continue
        seen: dict[str, str] = {}
        for code, value in table.entries.items():
            other = seen.setdefault(code.casefold(), value)
            if other != value:
                message = f"{code!r} differs from another entry only in case, but means {value!r} instead of {other!r}"
                yield view.at("value-maps", name, ("entries", code), message, "Remove one, or set `ignore_case: false`.")
