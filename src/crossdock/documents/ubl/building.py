"""Writes UBL documents: elements in the order of their schema, nothing empty, amounts and quantities exact; knows no document type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Final

from lxml import etree

from crossdock.canonical.values import Money, Quantity
from crossdock.core.errors import SchemaInvalid
from crossdock.documents.moments import zone_of
from crossdock.edi.ubl.safe_xml import NAMESPACES

DOCUMENT: Final = "urn:oasis:names:specification:ubl:schema:xsd:{}-2"
_NO_XML: Final = {each: " " for each in range(32) if each not in (9, 10, 13)}


@dataclass(frozen=True, slots=True)
class Leaf:
    """The content of a basic element with its attributes."""

    text: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Part = tuple[str, "str | Leaf | Sequence[Part] | None"]
Parts = list[Part]


def document(name: str, parts: Iterable[Part]) -> bytes:
    """A document in UTF-8. Raises `SchemaInvalid` for characters XML cannot hold."""
    root = etree.Element(f"{{{DOCUMENT.format(name)}}}{name}", nsmap=_spaces(DOCUMENT.format(name)))  # type: ignore[arg-type]
    try:
        _fill(root, parts)
    except ValueError as error:
        raise SchemaInvalid(f"{name}: {error}") from None
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _spaces(default: str) -> dict[str | None, str]:
    return {None: default, "cac": NAMESPACES["cac"], "cbc": NAMESPACES["cbc"]}


def _fill(parent: etree._Element, parts: Iterable[Part]) -> None:
    for name, content in parts:
        if content is None or content == "" or (not isinstance(content, str | Leaf) and not filled(content)):
            continue
        prefix, _, local = name.partition(":")
        made = etree.SubElement(parent, f"{{{NAMESPACES[prefix]}}}{local}")
        if isinstance(content, str):
            made.text = content.translate(_NO_XML)
        elif isinstance(content, Leaf):
            made.text = content.text.translate(_NO_XML)
            for key, value in content.attributes.items():
                made.set(key, value)
        else:
            _fill(made, content)


def filled(parts: Sequence[Part]) -> bool:
    """Whether anything at all would be written."""
    return any(
        bool(content) if isinstance(content, str) else content is not None and (isinstance(content, Leaf) or filled(content))
        for _, content in parts
    )


def plain(value: Decimal) -> str:
    """A decimal without exponent."""
    return format(value, "f")


def amount(money: Money | None) -> Leaf | None:
    """An amount with its currency."""
    return None if money is None else Leaf(plain(money.amount), {"currencyID": money.currency})


def quantity(value: Quantity | None) -> Leaf | None:
    """A quantity with its unit."""
    return None if value is None else Leaf(plain(value.value), {"unitCode": value.unit})


def number(value: Decimal | int | None) -> str:
    """A number, empty when there is none."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)


def day(value: date | None) -> str:
    """A calendar day, empty when there is none."""
    return "" if value is None else value.isoformat()


def moment(value: datetime | None, zone: str, day_name: str, time_name: str) -> Parts:
    """A date element and, unless it is the day's beginning, a time element with its offset, in the agreement's zone."""
    if value is None:
        return []
    local = value.astimezone(zone_of(zone))
    offset = local.utcoffset()
    if local.time() == datetime.min.time():
        return [(day_name, local.date().isoformat())]
    if offset is not None and offset.total_seconds() % 60:  # zones of the nineteenth century count in seconds
        local = local.astimezone(timezone(type(offset)(minutes=offset.total_seconds() // 60)))
    return [(day_name, local.date().isoformat()), (time_name, local.timetz().isoformat())]
