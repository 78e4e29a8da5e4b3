"""Puts the process environment's values into an environment file: `${env:NAME}` and `${env:NAME:-default}`; used nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crossdock.landscape.document import Document, Path
from crossdock.landscape.findings import Finding

VARIABLE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
ANY_VARIABLE = re.compile(r"\$\{[^}]*\}?")


def interpolate(document: Document, variables: Mapping[str, str]) -> tuple[Any, list[Finding]]:
    """The document's values with every `${env:...}` replaced, and a finding for each variable that is not set and has no default."""
    findings: list[Finding] = []

    def text(value: str, path: Path) -> str:
        def replace(match: re.Match[str]) -> str:
            name, default = match[1], match[2]
            if name in variables:
                return variables[name]
            if default is not None:
                return default
            findings.append(
                document.finding(
                    "variable-not-set",
                    f"the variable {name} is not set in this process",
                    f"Set {name}, or write a default: ${{env:{name}:-value}}.",
                    path=path,
                )
            )
            return ""

        replaced = VARIABLE.sub(replace, value)
        findings.extend(
            document.finding(
                "variable-form", f"{each!r} is not a variable", "Write ${env:NAME} or ${env:NAME:-default}.", path=path
            )
            for each in ANY_VARIABLE.findall(VARIABLE.sub("", value))
        )
        return replaced

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return text(value, path) if "${" in value else value
        if isinstance(value, dict):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*path, index)) for index, item in enumerate(value)]
        return value

    return walk(document.value, ()), findings
