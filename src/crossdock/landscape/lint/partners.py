"""Checks of trading partners: identifiers, agreements, guides, transports, and the systems and flows that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from crossdock.core.errors import CrossdockError, DocumentUnknown
from crossdock.documents.commands import DOCUMENT_COMMANDS
from crossdock.documents.mapping import find_reader, find_writer
from crossdock.edi.guides import GuideError, find_guide, load_guide
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.models.partner import Agreement, Partner
from crossdock.transports.base import installed, options_of, transport_kind

EDI = "edi"
MAILBOX = "edi_mailbox"
STANDARDS = {"x12": "x12", "edifact": "edifact", "ubl": "ubl", "csv": "tables", "xlsx": "tables"}
SILENT = frozenset({"997", "999", "TA1", "CONTRL", "APERAK", "824", "ApplicationResponse"})


def _exchanging(view: View) -> Iterator[tuple[str, Partner]]:
    """Partners with agreements that an EDI system carries."""
    for name, partner in view.partners.items():
        if any(view.systems[system].kind == EDI for system in partner.systems if system in view.systems):
            yield name, partner


@check("edi-without-partner")
def edi_without_partner(view: View) -> Iterator[Finding]:
    """A system of kind `edi` that no partner's file lists, or that several list."""
    for name, system in view.systems.items():
        if system.kind == EDI:
            owners = [each for each, partner in view.partners.items() if name in partner.systems]
            if not owners:
                yield view.at(
                    "systems",
                    name,
                    ("kind",),
                    "no partner's file lists this system",
                    f"Add `systems: [{name}]` to the partner's file.",
                )
            elif len(owners) > 1:
                message = f"the partners {', '.join(sorted(owners))} all list this system"
                yield view.at("systems", name, ("kind",), message, "One system of kind `edi` belongs to one partner.")


@check("mailbox-unknown")
def mailbox_unknown(view: View) -> Iterator[Finding]:
    """A partner's `exchange.mailbox` names no system of kind `edi_mailbox`."""
    boxes = [name for name, system in view.systems.items() if system.kind == MAILBOX]
    for name, partner in view.partners.items():
        box = partner.exchange.mailbox
        if box is not None and box not in boxes:
            message = f"{box} is no system of kind {MAILBOX}"
            yield view.at("partners", name, ("exchange", "mailbox"), message, did_you_mean(box, boxes))


@check("identifier-clash")
def identifier_clash(view: View) -> Iterator[Finding]:
    """Two partners have the same identifier, so that nobody can say who sent an interchange."""
    seen: dict[tuple[str, str], str] = {}
    for name, partner in sorted(view.partners.items()):
        if partner.state == "suspended":
            continue
        for index, each in enumerate(partner.identifiers):
            other = seen.setdefault((each.scheme, each.value.strip()), name)
            if other != name:
                message = f"{each.scheme} {each.value} is an identifier of {other} too"
                yield view.at("partners", name, ("identifiers", index), message, "Ask both partners which one it is.")


@check("missing-envelope-identifier")
def missing_envelope_identifier(view: View) -> Iterator[Finding]:
    """An agreement in X12 or EDIFACT, but no identifier of the partner or of us that an envelope could carry."""
    for name, partner in _exchanging(view):
        for standard in sorted({each.format for each in partner.agreements} & {"x12", "edifact"}):
            for where, names, whose in (
                (("identifiers",), partner.identifiers, "the partner"),
                (("exchange", "ours"), partner.exchange.ours, "us"),
            ):
                if not any(each.scheme.split(":")[0] == standard or each.scheme in ("gln", "duns") for each in names):
                    message = f"nothing names {whose} in an envelope of {standard}"
                    yield view.at(
                        "partners",
                        name,
                        where,
                        message,
                        f'Add `{{scheme: "{standard}:zz", value: ...}}`, a GLN or a DUNS number.',
                    )


@check("agreement-without-transport")
def agreement_without_transport(view: View) -> Iterator[Finding]:
    """An agreement that no transport carries, or that may go by several."""
    for name, partner in _exchanging(view):
        for index, each in enumerate(partner.agreements):
            if each.transport or not (each.direction == "out" or not partner.transports):
                continue
            able = [kind for kind in partner.transports.values() if _sends(kind.kind)] if each.direction == "out" else []
            if len(able) != 1:
                found = "several transports could carry it" if able else "no transport carries it"
                yield view.at(
                    "partners", name, ("agreements", index), f"{each.document} {each.direction}: {found}",
                    "Add `transports:`" if not able else "Name one of them: `transport: " + next(iter(partner.transports)) + "`.",
                )  # fmt: skip


@check("bad-transport")
def bad_transport(view: View) -> Iterator[Finding]:
    """A transport that is not installed, or whose options are not what it takes."""
    for name, partner in _exchanging(view):
        for key, each in partner.transports.items():
            if each.kind not in installed():
                message = f"there is no transport {each.kind!r}"
                yield view.at("partners", name, ("transports", key, "kind"), message, did_you_mean(each.kind, installed()))
                continue
            try:
                kind = transport_kind(each.kind)
                options = options_of(kind, each.options, f"transport {key!r}")
            except CrossdockError as error:
                yield view.at(
                    "partners", name, ("transports", key, "options"), error.message, "See the transport's page in the reference."
                )
                continue
            for purpose in sorted(kind.credential_purposes(options) - set(each.credentials)):
                given = any(f"{key}-{purpose}" in bound for bound in _bound(view, partner))
                if not given:
                    message = f"transport {key!r} needs the credential {purpose!r}"
                    yield view.at(
                        "partners",
                        name,
                        ("transports", key),
                        message,
                        f"Add `credentials: {{{purpose}: env:NAME}}`, or bind `{key}-{purpose}` in an environment.",
                    )


@check("dangling-guide")
def dangling_guide(view: View) -> Iterator[Finding]:
    """An agreement names a guide that is not there or cannot be used, or there is no starter guide for its document and version."""
    for name, partner in view.partners.items():
        for index, each in enumerate(partner.agreements):
            if each.format not in ("x12", "edifact") or each.guide == "none":
                continue
            where = ("agreements", index, "guide")
            if each.guide == "starter":
                if find_guide(each.format, each.document, each.version, nearest=not each.version) is None:
                    message = f"there is no starter guide for {each.document} {each.version}".rstrip()
                    yield view.at(
                        "partners",
                        name,
                        where,
                        message,
                        "`crossdock edi guides` lists them; write the partner's own and name its file.",
                    )
                continue
            problem = _unusable(view.draft.root, each)
            if problem:
                yield view.at(
                    "partners", name, where, problem, "`crossdock edi guides FILE` lists everything wrong with a guide."
                )


@check("agreement-not-mapped")
def agreement_not_mapped(view: View) -> Iterator[Finding]:
    """Nothing reads (or writes) the document of an agreement."""
    for name, partner in _exchanging(view):
        for index, each in enumerate(partner.agreements):
            standard = STANDARDS.get(each.format)
            if standard is None or each.document in SILENT:
                continue
            find = find_reader if each.direction == "in" else find_writer
            try:
                find(standard, each.document, each.version)
            except DocumentUnknown as error:
                yield view.at("partners", name, ("agreements", index, "document"), error.message, "See docs/reference/fields.md.")


@check("agreement-ambiguous")
def agreement_ambiguous(view: View) -> Iterator[Finding]:
    """Two agreements carry out the same command, or take the same document in the same version."""
    for name, partner in _exchanging(view):
        seen: dict[object, int] = {}
        for index, each in enumerate(partner.agreements):
            if each.direction == "in":
                keys: tuple[object, ...] = ((each.format, each.document, each.version),)
            else:
                keys = each.commands or DOCUMENT_COMMANDS.get(each.document, ())
                if not keys:
                    yield view.at(
                        "partners",
                        name,
                        ("agreements", index),
                        f"{each.document} out: no command is known that it carries out",
                        "Add `commands: [...]`.",
                    )
            for key in keys:
                if seen.setdefault(key, index) != index:
                    what = key if isinstance(key, str) else each.document
                    yield view.at(
                        "partners",
                        name,
                        ("agreements", index),
                        f"{what} is agreed on twice",
                        "Keep one, or tell them apart by `version` or `commands`.",
                    )


@check("edi-without-flow", "warning")
def edi_without_flow(view: View) -> Iterator[Finding]:
    """A partner's system is in no flow of the workflow `interchange`: nothing would be acknowledged, and no missing number noticed."""
    for name, partner in _exchanging(view):
        for system in partner.systems:
            taken = any(
                flow.workflow == "interchange" and flow.enabled and system in (*flow.trigger.sources, *flow.roles.values())
                for flow in view.flows.values()
            )
            if system in view.systems and view.systems[system].kind == EDI and not taken and partner.state in ("testing", "live"):
                message = f"no flow of the workflow `interchange` takes {system}"
                yield view.at(
                    "partners",
                    name,
                    ("systems",),
                    message,
                    f"`crossdock partner new` writes one; or add {system} to `sources` of yours.",
                )


def _sends(kind: str) -> bool:
    try:
        return transport_kind(kind).capabilities.sends
    except (CrossdockError, ImportError):
        return True


def _bound(view: View, partner: Partner) -> Iterator[set[str]]:
    for environment in view.environments.values():
        for system in partner.systems:
            yield set(environment.credentials.get(system, {}))
    for system in partner.systems:
        if system in view.systems:
            yield set(view.systems[system].credentials)


def _unusable(root: Path, agreement: Agreement) -> str:
    path = (root / agreement.guide).resolve()
    if not path.is_relative_to(root.resolve()):
        return f"{agreement.guide} is outside the landscape"
    try:
        guide = load_guide(path, agreement.version)
    except OSError:
        return f"there is no file {agreement.guide}"
    except (GuideError, ValidationError) as error:
        return f"{agreement.guide}: {error}"
    if guide.document != agreement.document:
        return f"{agreement.guide} is a guide for {guide.document}, not for {agreement.document}"
    return ""
