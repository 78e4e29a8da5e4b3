"""The list of checks: each has a stable code, a severity and a one-sentence reason; knows no check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from inspect import cleandoc

from crossdock.landscape.findings import Finding, Severity
from crossdock.landscape.lint.view import View

Function = Callable[[View], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for. `structural` checks need neither connectors nor processes and also guard every start."""

    code: str
    severity: Severity
    reason: str
    function: Function
    structural: bool = False

    def run(self, view: View) -> Iterator[Finding]:
        """The findings of this check, with its code and severity."""
        for finding in self.function(view):
            yield replace(finding, code=self.code, severity=self.severity)


CHECKS: dict[str, Check] = {}


def check(code: str, severity: Severity = "error", *, structural: bool = False) -> Callable[[Function], Function]:
    """Register a function as the check `code`; its docstring is the reason shown in the reference."""

    def register(function: Function) -> Function:
        if code in CHECKS:
            raise ValueError(f"two checks are called {code!r}")
        CHECKS[code] = Check(code, severity, cleandoc(function.__doc__ or code), function, structural)
        return function

    return register
