"""Reads business XML without entities, without network, within bounds of size and depth; knows no document type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final
from xml.parsers import expat

from lxml import etree

from ..findings import Finding
from ..xml_messages import check_form

MAX_BYTES: Final = 32 << 20
MAX_ELEMENTS: Final = 2_000_000
NAMESPACES: Final = {
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "ext": "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
}
_PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}
_SEPARATOR: Final = "\x1f"


class XmlRefused(ValueError):
    """The bytes are not XML that may be read; `findings` says why."""

    def __init__(self, findings: Collection[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(finding.message for finding in findings) or "the XML cannot be read")


def parse(data: bytes) -> etree._Element:
    """The root element of a document.

    Raises `XmlRefused` for what is larger than `MAX_BYTES`, not well-formed, deeper than the checker's limit, has more than `MAX_ELEMENTS`
    elements, or carries a document type declaration: entities are never read, so that none can expand and no address can be opened.
    """
    if len(data) > MAX_BYTES:
        raise XmlRefused([Finding("too-large", f"the document has {len(data)} bytes; at most {MAX_BYTES} are read")])
    if found := check_form(data, MAX_ELEMENTS):
        raise XmlRefused(found)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRefused([Finding("not-well-formed", f"not well-formed XML: {error}")]) from None


def short_path(element: etree._Element) -> str:
    """Where an element stands, as people and rules write it: `/Invoice[1]/cac:InvoiceLine[2]/cbc:ID[1]`."""
    steps: list[str] = []
    at: etree._Element | None = element
    while at is not None:
        parent = at.getparent()
        same = 1 if parent is None else 1 + sum(1 for _ in at.itersiblings(at.tag, preceding=True))
        name = etree.QName(at)
        prefix = _PREFIXES.get(name.namespace or "", "")
        steps.append(f"{prefix + ':' if prefix else ''}{name.localname}[{same}]")
        at = parent
    return "/" + "/".join(reversed(steps))


def locate(data: bytes, paths: Collection[str]) -> dict[str, int]:
    """The byte at which the element of each path starts, for those that are there; a path to an attribute finds its element."""
    wanted = {_element_of(path): path for path in paths}
    found: dict[str, int] = {}
    trail: list[str] = []
    counts: list[Counter[str]] = [Counter()]
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)

    def start(name: str, _attributes: object) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        prefix = _PREFIXES.get(namespace, "")
        shown = f"{prefix + ':' if prefix else ''}{local}"
        counts[-1][name] += 1
        trail.append(f"{trail[-1] if trail else ''}/{shown}[{counts[-1][name]}]")
        counts.append(Counter())
        if trail[-1] in wanted:
            found[trail[-1]] = parser.CurrentByteIndex

    def end(_name: str) -> None:
        trail.pop()
        counts.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        pass
    return {path: found[_element_of(path)] for path in paths if _element_of(path) in found}


def _element_of(path: str) -> str:
    head, at, _ = path.partition("/@")
    return head if at else path
