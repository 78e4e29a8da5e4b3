"""Documents of ours as whole interchanges: mapping, envelope, numbers, and our own guide check before anything leaves. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from crossdock.canonical.interchange import Interchange
from crossdock.connectors.edi.acknowledging import Acknowledgement
from crossdock.connectors.edi.identity import document_name, group_name, interchange_name, relation
from crossdock.connectors.edi.outgoing import Wanted, wanted
from crossdock.connectors.edi.refusing import refusal_file
from crossdock.connectors.edi.terms import Agreement, Terms
from crossdock.connectors.edi.words import detail, summary
from crossdock.connectors.protocol import Given, ValueMaps
from crossdock.core.commands import Command
from crossdock.core.errors import DocumentUnwritable, LandscapeInvalid
from crossdock.documents.mapping import Parties, WriteContext, find_writer
from crossdock.documents.ubl.application_response import DOCUMENT as APPLICATION_RESPONSE
from crossdock.edi.edifact import envelope as edifact
from crossdock.edi.edifact import writer as edifact_writer
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.guides import check_document
from crossdock.edi.writer import OutDocument, UnwritableValue
from crossdock.edi.x12 import envelope as x12
from crossdock.edi.x12 import writer as x12_writer

_GROUPS: Final = {
    "850": "PO", "855": "PR", "856": "SH", "860": "PC", "865": "CA", "810": "IN", "820": "RA", "830": "PS", "846": "IB", "940": "OW",
    "943": "AR", "944": "RE", "945": "SW", "947": "AW", "204": "SM", "990": "GF", "210": "IM", "214": "QM", "997": "FA", "999": "FA",
}  # fmt: skip
"""Functional identifier (X12 element 479) of the groups we write."""
_CONTENT: Final = {"x12": "application/EDI-X12", "edifact": "application/EDIFACT", "ubl": "application/xml", "tables": "text/csv"}
_SUFFIX: Final = {"x12": "edi", "edifact": "edi", "ubl": "xml", "tables": "csv"}
HIGHEST: Final = 999_999_999
"""ISA13 has nine digits; after it numbers begin again with 1."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An interchange ready to go: bytes, names, numbers. `identities` are what an answer may call it, the most exact one first."""

    body: bytes
    standard: str
    type: str
    number: str
    content_type: str
    file_name: str
    relation: str
    interchange_control: str
    group_control: str = ""
    document_control: str = ""
    identities: tuple[str, ...] = ()


def scope_of(terms: Terms, standard: str) -> str:
    """What our control numbers are counted in: the relation to the partner, as we write it."""
    parties = _parties(terms, standard)
    return relation(
        standard, (parties.ours.qualifier, parties.ours.id), (parties.theirs.qualifier, parties.theirs.id), terms.test
    )


def write_document(
    wanted: Wanted, agreement: Agreement, terms: Terms, maps: ValueMaps, given: Given, system: str, moment: datetime
) -> Letter:
    """A command's document as it leaves.

    Raises `DocumentUnwritable` when the object cannot be written or the document breaks its own guide, `ValueMapMissing`, `SchemaInvalid`.
    """
    standard, document = agreement.standard, agreement.document
    release = agreement.version or (agreement.guide.release if agreement.guide is not None else "")
    parties = _parties(terms, standard)
    context = WriteContext(
        parties,
        release,
        moment,
        wanted.number,
        wanted.purpose,
        wanted.version,
        agreement.options,
        {"format": agreement.format},
    )
    written: Any = find_writer(standard, document, release)(wanted.object, context, maps)
    if agreement.overlay:
        from crossdock.documents.overlay import apply_after

        written = apply_after(written, agreement.overlay, maps)
    if isinstance(written, bytes):
        return _plain(written, wanted, agreement, terms, system)
    letter = _enveloped(
        [OutDocument(document, tuple(written), "0001")], document, standard, release, terms, given, wanted.number, system
    )
    _check(letter, agreement)
    return letter


def write_acknowledgement(answer: Acknowledgement, kind: str, standard: str, version: str, terms: Terms, given: Given) -> Letter:
    """An acknowledgement as it leaves. Raises `DocumentUnwritable`."""
    parties = _parties(terms, standard)
    name = scope_of(terms, standard)
    number = str((given.number - 1) % HIGHEST + 1)
    try:
        if standard == "x12":
            release = "005010X231A1" if kind == "999" else f"{version or '00401'}0"
            groups: dict[tuple[str, str], list[OutDocument]] = {}
            for ours, theirs, document in answer.documents:
                groups.setdefault((ours or _group_code(parties.ours), theirs or _group_code(parties.theirs)), []).append(document)
            out = [
                x12_writer.OutGroup(answer.group, ours, theirs, place, documents, release)
                for place, ((ours, theirs), documents) in enumerate(groups.items(), start=1)
            ]
            header = _isa(parties, int(number), given.at, max(version, "00501") if kind == "999" else version, terms, asks=False)
            body = x12_writer.write(
                header, out, before_groups=answer.loose, delimiters=terms.delimiters["x12"], line_ending=terms.line_ending
            )
        else:
            body = edifact_writer.write(
                _unb(parties, number, given.at, terms, asks=False), [document for _, _, document in answer.documents],
                delimiters=terms.delimiters["edifact"], line_ending=terms.line_ending,
            )  # fmt: skip
    except (UnwritableValue, UnicodeEncodeError) as error:
        raise DocumentUnwritable(f"{kind} cannot be written: {error}", kind=kind) from None
    # the groups of acknowledgements are counted from 1 in each interchange, so that in X12 only the interchange has a name of its own
    names = () if standard == "x12" else tuple(document_name(name, "", number, each.reference) for *_, each in answer.documents)
    return Letter(
        body, standard, kind, "", _CONTENT[standard], f"{kind}-{given.number:09d}.edi", name, number,
        identities=(*names, interchange_name(name, number)),
    )  # fmt: skip


def write_file_answer(told: Interchange, kind: str, terms: Terms, given: Given) -> Letter:
    """The ApplicationResponse to a file without an envelope. Raises `DocumentUnwritable`."""
    if kind != APPLICATION_RESPONSE:
        raise DocumentUnwritable(f"a file in {told.standard} is not answered with {kind}", kind=kind)
    number = f"AR-{given.number:09d}"
    body = refusal_file(told, number, given, terms)
    return Letter(
        body,
        "ubl",
        kind,
        number,
        _CONTENT["ubl"],
        f"{kind}-{given.number:09d}.xml",
        scope_of(terms, "ubl"),
        "",
        identities=(number,),
    )


def _enveloped(
    documents: Sequence[OutDocument],
    document: str,
    standard: str,
    release: str,
    terms: Terms,
    given: Given,
    number: str,
    system: str,
) -> Letter:
    parties, name = _parties(terms, standard), scope_of(terms, standard)
    control = (given.number - 1) % HIGHEST + 1
    own = f"{system}#{number}" if number else ""
    try:
        if standard == "x12":
            code = _GROUPS.get(document, "")
            group = x12_writer.OutGroup(
                code, _group_code(parties.ours), _group_code(parties.theirs), control, documents, release or "004010"
            )
            header = _isa(
                parties, control, given.at, terms.version or (release or "004010")[:5], terms, asks=terms.ask_acknowledgement
            )
            body = x12_writer.write(header, [group], delimiters=terms.delimiters["x12"], line_ending=terms.line_ending)
            names: tuple[str, ...] = (document_name(name, code, str(control), "0001"), group_name(name, code, str(control)))
        else:
            parts = [each for each in release.replace(":", ".").split(".") if each]
            qualifiers = (*(parts[:2] if len(parts) > 1 else ("D", "96A")), "UN", *parts[2:3])
            letters = [OutDocument(each.type, each.rows, "1", qualifiers) for each in documents]
            header_ = _unb(parties, str(control), given.at, terms, asks=terms.ask_acknowledgement)
            body = edifact_writer.write(header_, letters, delimiters=terms.delimiters["edifact"], line_ending=terms.line_ending)
            names = (document_name(name, "", str(control), "1"),)
    except (UnwritableValue, UnicodeEncodeError) as error:
        raise DocumentUnwritable(f"{document} {number} cannot be written: {error}", document=document, number=number) from None
    return Letter(
        body, standard, document, number, _CONTENT[standard], f"{document}-{control:09d}.edi", name, str(control), str(control),
        "0001" if standard == "x12" else "1", tuple(each for each in (*names, interchange_name(name, str(control)), own) if each),
    )  # fmt: skip


def _plain(body: bytes, wanted: Wanted, agreement: Agreement, terms: Terms, system: str) -> Letter:
    """A document that has no envelope: its own number is its identity."""
    content = (
        _CONTENT[agreement.standard]
        if agreement.format != "xlsx"
        else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    suffix = "xlsx" if agreement.format == "xlsx" else _SUFFIX[agreement.standard]
    safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in wanted.number)[:60]
    name = f"{agreement.document}-{safe}" + (f"-{wanted.version}" if wanted.version else "")
    return Letter(
        body, agreement.standard, agreement.document, wanted.number, content, f"{name}.{suffix}", f"{agreement.standard}/{terms.partner}", "",
        identities=(f"{system}#{wanted.number}",),
    )  # fmt: skip


def _check(letter: Letter, agreement: Agreement) -> None:
    """Our own document must pass the guide it was agreed to follow."""
    read = x12.read if letter.standard == "x12" else edifact.read
    found: list[Finding] = []
    for interchange in read(letter.body):
        found += interchange.all_findings()
        if agreement.guide is not None and agreement.judged:
            for document in interchange.documents():
                found += check_document(document, agreement.guide)
    faults = [each for each in found if each.severity is Severity.ERROR]
    if faults:
        name = agreement.guide.name if agreement.guide is not None else "the standard"
        raise DocumentUnwritable(
            f"{letter.type} {letter.number} would break {name}: {summary(faults)}",
            findings=detail(faults),
            document=letter.type,
            number=letter.number,
        )


def _isa(parties: Parties, control: int, moment: datetime, version: str, terms: Terms, *, asks: bool) -> x12_writer.IsaHeader:
    ours, theirs = parties.ours, parties.theirs
    return x12_writer.IsaHeader(
        ours.qualifier, ours.id, theirs.qualifier, theirs.id, control, moment, version or "00401", terms.test, asks
    )


def _unb(parties: Parties, control: str, moment: datetime, terms: Terms, *, asks: bool) -> edifact_writer.UnbHeader:
    ours, theirs = parties.ours, parties.theirs
    return edifact_writer.UnbHeader(
        ours.id,
        theirs.id,
        control,
        moment,
        ours.qualifier,
        theirs.qualifier,
        terms.syntax,
        acknowledgement_requested=asks,
        test=terms.test,
    )


def _group_code(party: Any) -> str:
    return str(party.codes.get("group") or party.id)


def _parties(terms: Terms, standard: str) -> Parties:
    parties = terms.parties(standard)
    if standard in ("x12", "edifact"):
        for side, party in (("the partner", parties.theirs), ("us", parties.ours)):
            if not party.id:
                raise LandscapeInvalid(
                    f"partner {terms.partner!r} has no identifier for {side} that an envelope in {standard} can carry"
                )
    return parties


def asked_for(command: Command, moment: datetime) -> Wanted:
    """What a command asks to be written at a moment. Raises `DocumentUnwritable`."""
    try:
        return wanted(command, moment)
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> DocumentUnwritable:
    """A command whose data are not what its document needs."""
    problems = [
        {"path": ".".join(map(str, p["loc"])), "message": p["msg"], "kind": p["type"]}
        for p in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return DocumentUnwritable(f"{problems[0]['path']}: {problems[0]['message']}", problems=problems)
