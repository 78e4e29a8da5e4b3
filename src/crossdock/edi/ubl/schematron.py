"""Makes an XSLT stylesheet of a Schematron schema (ISO/IEC 19757-3, query binding xslt2); runs nothing.

Of the standard it takes what the official UBL rules use: namespaces, variables, patterns (abstract ones too), rules (abstract ones too),
assertions, reports, inclusion, functions and keys of XSLT. Phases are not told apart: every pattern is active.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Final

from lxml import etree

SCH: Final = "http://purl.oclc.org/dsdl/schematron"
XSL: Final = "http://www.w3.org/1999/XSL/Transform"
XI: Final = "http://www.w3.org/2001/XInclude"
FINDINGS: Final = "urn:crossdock:findings"
MAX_INCLUDES: Final = 200


class SchematronUnusable(ValueError):
    """The file is no Schematron schema this compiler understands."""


def stylesheet(path: Path, root: Path) -> bytes:
    """The stylesheet of a schema file; it includes nothing from outside of `root`.

    Its result is `<findings>` with one `<finding id flag path>` per assertion that fails. Raises `SchematronUnusable`.
    """
    schema = _load(path, root.resolve(), [0])
    if schema.tag != _sch("schema"):
        raise SchematronUnusable(f"{path.name} is no Schematron schema")
    namespaces = {str(each.get("prefix")): str(each.get("uri")) for each in schema.iter(_sch("ns"))}
    spaces = {"xsl": XSL, "f": FINDINGS, "xs": "http://www.w3.org/2001/XMLSchema", **namespaces}
    sheet = etree.Element(f"{{{XSL}}}stylesheet", nsmap=spaces)
    sheet.set("version", "3.0")
    sheet.set("exclude-result-prefixes", "#all")
    sheet.append(etree.Element(f"{{{XSL}}}output", method="xml", encoding="UTF-8"))
    for child in schema:
        if isinstance(child.tag, str) and child.tag.startswith(f"{{{XSL}}}"):
            sheet.append(deepcopy(child))
    patterns = list(_patterns(schema))
    _variables(sheet, [*schema.findall(_sch("let")), *(let for pattern in patterns for let in pattern.findall(_sch("let")))])
    modes: list[str] = []
    for number, pattern in enumerate(patterns):
        modes.append(mode := f"pattern-{number}")
        etree.SubElement(sheet, f"{{{XSL}}}mode", {"name": mode, "on-no-match": "shallow-skip"})
        rules = [rule for rule in pattern.findall(_sch("rule")) if rule.get("abstract") != "true"]
        abstract = {rule.get("id"): rule for rule in schema.iter(_sch("rule")) if rule.get("abstract") == "true"}
        for place, rule in enumerate(rules):
            _template(sheet, rule, mode, len(rules) - place, abstract)
    start = etree.SubElement(sheet, f"{{{XSL}}}template", match="/")
    result = etree.SubElement(start, f"{{{FINDINGS}}}findings")
    for mode in modes:
        etree.SubElement(result, f"{{{XSL}}}apply-templates", select="/", mode=mode)
    return etree.tostring(sheet, encoding="UTF-8", xml_declaration=True)


def _load(path: Path, root: Path, count: list[int]) -> etree._Element:
    count[0] += 1
    if count[0] > MAX_INCLUDES:
        raise SchematronUnusable(f"more than {MAX_INCLUDES} files include each other")
    if not path.resolve().is_relative_to(root):
        raise SchematronUnusable(f"{path.name} lies outside of the folder of rules")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        schema = etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise SchematronUnusable(f"{path.name} cannot be read: {error}") from None
    for each in [*schema.iter(_sch("include")), *schema.iter(f"{{{XI}}}include")]:
        target = path.parent / str(each.get("href", ""))
        parent = each.getparent()
        if parent is None:
            continue
        # what the publisher's build generates is not in its sources; the rest of the rules hold without it
        if target.exists():
            parent.replace(each, _load(target, root, count))
        else:
            parent.remove(each)
    return schema


def missing_parts(path: Path) -> list[str]:
    """The files a schema includes that are not there: what its publisher's build would have generated."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    schema = etree.parse(str(path), parser).getroot()
    named = [str(each.get("href", "")) for each in schema.iter(_sch("include"), f"{{{XI}}}include")]
    return [name for name in named if not (path.parent / name).exists()]


def _patterns(schema: etree._Element) -> Iterator[etree._Element]:
    abstract = {each.get("id"): each for each in schema.findall(_sch("pattern")) if each.get("abstract") == "true"}
    for pattern in schema.findall(_sch("pattern")):
        if pattern.get("abstract") == "true":
            continue
        if pattern.get("is-a") is None:
            yield pattern
            continue
        if pattern.get("is-a") not in abstract:
            raise SchematronUnusable(f"pattern {pattern.get('is-a')!r} is not there")
        yield _instance(
            abstract[pattern.get("is-a")], {str(p.get("name")): str(p.get("value")) for p in pattern.iter(_sch("param"))}
        )


def _instance(pattern: etree._Element, values: Mapping[str, str]) -> etree._Element:
    """An abstract pattern with its parameters put in (clause 6.3): they are replaced as text."""
    made = deepcopy(pattern)
    names = re.compile(r"\$(" + "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True)) + r")(?![\w.-])")
    if not values:
        return made
    for element in made.iter():
        for name in ("context", "test", "value", "select"):
            if (text := element.get(name)) is not None:
                element.set(name, names.sub(lambda match: values[match[1]], text))
    return made


def _variables(sheet: etree._Element, lets: list[etree._Element]) -> None:
    seen: dict[str, str] = {}
    for let in lets:
        name, value = str(let.get("name")), str(let.get("value"))
        if name not in seen:
            seen[name] = value
            _variable(sheet, let)
        elif seen[name] != value:
            raise SchematronUnusable(f"the variable {name!r} is defined twice")


def _variable(parent: etree._Element, let: etree._Element) -> None:
    made = etree.SubElement(parent, f"{{{XSL}}}variable", name=str(let.get("name")))
    if let.get("value") is not None:
        made.set("select", str(let.get("value")))


def _template(
    sheet: etree._Element, rule: etree._Element, mode: str, priority: int, abstract: Mapping[str | None, etree._Element]
) -> None:
    """A rule: of those of a pattern that fit a node only the first applies (clause 6.5), hence the priority."""
    made = etree.SubElement(
        sheet, f"{{{XSL}}}template", match=_pattern(str(rule.get("context"))), mode=mode, priority=str(priority)
    )
    for part in _parts(rule, abstract):
        if part.tag == _sch("let"):
            _variable(made, part)
        elif part.tag in (_sch("assert"), _sch("report")):
            _assertion(made, part)
    etree.SubElement(made, f"{{{XSL}}}apply-templates", select="@*|*", mode=mode)


def _parts(rule: etree._Element, abstract: Mapping[str | None, etree._Element]) -> Iterator[etree._Element]:
    for part in rule:
        if part.tag == _sch("extends"):
            if part.get("rule") not in abstract:
                raise SchematronUnusable(f"rule {part.get('rule')!r} is not there")
            yield from _parts(abstract[part.get("rule")], abstract)
        else:
            yield part


def _pattern(context: str) -> str:
    return context.strip()


def _assertion(parent: etree._Element, part: etree._Element) -> None:
    test = str(part.get("test"))
    failed = etree.SubElement(parent, f"{{{XSL}}}if", test=test if part.tag == _sch("report") else f"not({test})")
    found = etree.SubElement(failed, f"{{{FINDINGS}}}finding", id=_braces(part.get("id", "")))
    found.set("flag", _braces(part.get("flag") or part.get("role") or ""))
    found.set("path", "{path(.)}")
    _text(found, part.text)
    for child in part:
        if child.tag == _sch("value-of"):
            etree.SubElement(found, f"{{{XSL}}}value-of", select=str(child.get("select")))
        elif child.tag == _sch("name"):
            etree.SubElement(found, f"{{{XSL}}}value-of", select=f"name({child.get('path', '.')})")
        else:
            _text(found, "".join(str(piece) for piece in child.itertext()))
        _text(found, child.tail)


def _text(parent: etree._Element, text: str | None) -> None:
    if text:
        made = etree.SubElement(parent, f"{{{XSL}}}text")
        made.text = text


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _sch(name: str) -> str:
    return f"{{{SCH}}}{name}"
