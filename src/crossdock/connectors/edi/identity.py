"""The names of interchanges, groups and documents by their control numbers: the same name on our side and in the partner's answer. Pure."""

from __future__ import annotations

from crossdock.connectors.edi.reading import Judged, JudgedDocument

SENT = "edi:sent"
"""Scheme of the references under which a document of ours is found when its acknowledgement comes."""


def plain(number: str) -> str:
    """A control number as it is compared: without leading zeros where it is a number."""
    text = number.strip()
    return text.lstrip("0") or "0" if text.isdecimal() and text.isascii() else text


def interchange_name(relation: str, control: str) -> str:
    """An interchange in its relation."""
    return f"{relation}/{plain(control)}"


def group_name(relation: str, code: str, control: str) -> str:
    """A functional group (X12: GS01 and GS06), which a 997 names without its interchange."""
    return f"{relation}/{code}/{plain(control)}"


def document_name(relation: str, group: str, control: str, document: str) -> str:
    """A document in its group (X12) or interchange (EDIFACT, `group` empty)."""
    return f"{relation}/{group}/{plain(control)}/{document.strip()}"


def relation(standard: str, sender: tuple[str, str], receiver: tuple[str, str], test: bool) -> str:
    """The relation between two parties as `Head.relation` writes it."""
    names = (*sender, *receiver, "T" if test else "P")
    return "/".join((standard, *(part.replace("%", "%25").replace("/", "%2F") for part in names)))


def document_identity(judged: Judged, each: JudgedDocument, place: int) -> str:
    """The identity of a document that came in: its interchange, group, place and own number."""
    group = each.document.group.header if each.document.group is not None else None
    number = group.value(6 if judged.standard == "x12" else 5) if group is not None else ""
    return f"{judged.head.identity}/{plain(number)}/{place}/{each.document.reference.strip()}"
