"""Carries out schemas and rules on documents that come through standard input; the only place that loads the XSLT processor.

A process of its own: the processor is a foreign machine of a hundred megabytes, and rules are programs, which may take long or fail.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from lxml import etree

from .safe_xml import NAMESPACES, XmlRefused, parse
from .schematron import FINDINGS, stylesheet

SVRL: Final = "http://purl.oclc.org/dsdl/svrl"
MEMORY: Final = 2 << 30
MOST: Final = 500
_STEP: Final = re.compile(r"Q\{([^}]*)\}")
_LOCAL: Final = re.compile(
    r"/(?P<at>@?)\*:(?P<name>[\w.-]+)\[namespace-uri\(\)='(?P<space>[^']*)'\]"
    r"|/(?P<at2>@?)\*\[local-name\(\)='(?P<name2>[\w.-]+)'(?: and namespace-uri\(\)='(?P<space2>[^']*)')?\]"
)
_PREFIXES: Final = {uri: f"{prefix}:" for prefix, uri in NAMESPACES.items()}


def plain_path(path: str) -> str:
    """A rule's path as people write it: `/Invoice[1]/cac:InvoiceLine[2]/cbc:ID[1]`, from XPath 3 or from SVRL."""

    def local(match: re.Match[str]) -> str:
        space = match["space"] or match["space2"] or ""
        return f"/{match['at'] or match['at2'] or ''}{_PREFIXES.get(space, '')}{match['name'] or match['name2']}"

    plain = _STEP.sub(lambda match: _PREFIXES.get(match[1], ""), _LOCAL.sub(local, path))
    return re.sub(r"(^|/)([^/@\[]+)(?=/|$)", r"\1\2[1]", plain)


class Judge:
    """Compiled rules and schemas, each made once."""

    def __init__(self, folder: Path) -> None:
        from saxonche import PySaxonProcessor

        self.folder = folder
        self.saxon: Any = PySaxonProcessor(license=False)
        self.sheets: dict[str, Any] = {}
        self.schemas: dict[str, etree.XMLSchema] = {}

    def judge(self, data: bytes, sheets: list[list[str]], schema: str) -> list[list[Any]]:
        """What all of them say: set, id, message, path, warning."""
        root = parse(data)
        found: list[list[Any]] = []
        if schema:
            found += self.guarded("UBL schema", lambda: self.by_schema(root, schema))
        text = etree.tostring(root, encoding="unicode")
        for name, path in sheets:
            found += self.guarded(name, partial(self.by_rules, text, name, path))
        return found[:MOST]

    def guarded(self, name: str, run: Callable[[], list[list[Any]]]) -> list[list[Any]]:
        """What one of them says, or a warning that it could not be carried out: the others still are."""
        try:
            return run()
        except XmlRefused:
            raise
        except Exception as error:  # whatever the processor raises
            why = (str(error).splitlines() or [type(error).__name__])[0]
            return [[name, "rules-not-run", f"{name} could not be carried out: {why}", "", True]]

    def by_schema(self, root: etree._Element, path: str) -> list[list[Any]]:
        """What the XML Schema says."""
        if path not in self.schemas:
            parser = etree.XMLParser(no_network=True, resolve_entities=False)
            self.schemas[path] = etree.XMLSchema(etree.parse(path, parser))
        schema = self.schemas[path]
        schema.validate(root)
        return [
            ["UBL schema", "schema", entry.message, plain_path(_prefixed(root, entry.path or "")), False]
            for entry in list(schema.error_log)[:MOST]  # type: ignore[call-overload]
        ]

    def by_rules(self, text: str, name: str, path: str) -> list[list[Any]]:
        """What one set of rules says."""
        executable = self.sheets.get(path)
        if executable is None:
            sheet = stylesheet(Path(path), self.folder).decode() if path.endswith(".sch") else Path(path).read_text("utf-8")
            processor = self.saxon.new_xslt30_processor()
            executable = self.sheets[path] = processor.compile_stylesheet(stylesheet_text=sheet)
        document = self.saxon.parse_xml(xml_text=text)
        result = etree.fromstring(executable.transform_to_string(xdm_node=document).encode())
        found: list[list[Any]] = []
        for each in result.iter(f"{{{FINDINGS}}}finding", f"{{{SVRL}}}failed-assert", f"{{{SVRL}}}successful-report"):
            flag = (each.get("flag") or each.get("role") or "").lower()
            message = " ".join("".join(str(part) for part in each.itertext()).split())
            where = plain_path(each.get("path") or each.get("location") or "")
            found.append([name, each.get("id") or "", message, where, flag in ("warning", "warn", "information", "info")])
        return found


def _prefixed(root: etree._Element, path: str) -> str:
    """libxml2's path with the prefixes of the document, in ours."""
    spaces = {prefix: _PREFIXES.get(uri, "") for prefix, uri in root.nsmap.items() if prefix}
    path = re.sub(r"/([\w.-]+):", lambda match: "/" + spaces.get(match[1], ""), path)
    return path.replace("/*", f"/{etree.QName(root).localname}", 1) if path.startswith("/*") else path


def _bound() -> None:
    """No more memory than rules need: a runaway ends in this process, not in the machine."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass


def serve(folder: Path, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Answer requests (a line of JSON and the document's bytes) until there are no more."""
    judge: Judge | None = None
    while line := incoming.readline():
        request = json.loads(line)
        data = incoming.read(request["length"])
        try:
            judge = judge or Judge(folder)
            answer: dict[str, Any] = {"found": judge.judge(data, request["sheets"], request["schema"])}
        except XmlRefused as error:
            answer = {"error": str(error)}
        except Exception as error:  # whatever goes wrong is said of this document only
            answer = {"error": f"the rules cannot be used: {(str(error).splitlines() or [type(error).__name__])[0]}"}
        outgoing.write(json.dumps(answer).encode() + b"\n")
        outgoing.flush()


if __name__ == "__main__":
    _bound()
    serve(Path(sys.argv[1]).resolve(), sys.stdin.buffer, sys.stdout.buffer)
