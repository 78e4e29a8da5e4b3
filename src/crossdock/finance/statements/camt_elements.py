"""Elements of an ISO 20022 message by local names, because every version has a namespace of its own; knows no message."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from lxml import etree


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


@lru_cache(maxsize=1024)
def _any(path: str) -> str:
    """The path with every step in any namespace, as libxml2 finds it by itself."""
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The children of a name."""
    return element.iterchildren(_any(name))


def find(element: etree._Element | None, path: str) -> etree._Element | None:
    """The first element under a path such as `Acct/Id/IBAN`."""
    return None if element is None else element.find(_any(path))


def text(element: etree._Element | None, *paths: str) -> str:
    """The text under the first of the paths that has any."""
    if element is not None:
        for path in paths:
            found = element.findtext(_any(path))
            if found and (stripped := found.strip()):
                return stripped
    return ""


def every(element: etree._Element | None, path: str) -> Iterator[str]:
    """All texts under a path."""
    if element is not None:
        for each in element.iterfind(_any(path)):
            if each.text and each.text.strip():
                yield each.text.strip()
