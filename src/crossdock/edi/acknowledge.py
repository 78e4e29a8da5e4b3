"""Builds the acknowledgement a file asks for, as a whole interchange back to its sender. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .check import AUTO, GuideChoice
from .edifact import contrl
from .edifact import envelope as edifact
from .edifact import writer as edifact_writer
from .findings import Finding
from .guides import Guide, check_document, find_guide
from .interchange import Document
from .policy import DEFAULT, Policy
from .recognise import HEAD, Standard, recognise
from .segments import Segment
from .writer import OutDocument, Row, UnwritableValue
from .x12 import envelope as x12
from .x12 import functional_ack, interchange_ack
from .x12 import writer as x12_writer


class NothingToAcknowledge(ValueError):
    """The file is not X12 or EDIFACT, has no interchange header, holds only acknowledgements, or names a sender whom no envelope can name."""


def acknowledge(
    data: bytes,
    *,
    moment: datetime,
    control_number: int = 1,
    kind: str = "",
    guide: GuideChoice = None,
    policy: Policy = DEFAULT,
) -> bytes:
    """The acknowledgement of every interchange in `data`, as bytes ready to send.

    `kind`: 997, 999 or TA1 for X12 (997 when empty), CONTRL for EDIFACT. TA1 alone answers the envelope; a 997
    or 999 is preceded by TA1 when ISA14 asks for one. Raises `NothingToAcknowledge`.
    """
    standard = recognise(data[:HEAD])
    try:
        if standard is Standard.X12 and kind in ("", "997", "999", "TA1"):
            return _x12(data, moment, control_number, kind or "997", _checker(guide), policy)
        if standard is Standard.EDIFACT and kind in ("", "CONTRL"):
            return _edifact(data, moment, control_number, _checker(guide), policy)
    except (UnwritableValue, UnicodeEncodeError) as error:
        raise NothingToAcknowledge(f"the acknowledgement cannot be addressed to its sender: {error}") from None
    raise NothingToAcknowledge(f"a {standard} file is not acknowledged by {kind or 'anything'}")


def _checker(choice: GuideChoice) -> functional_ack.CheckDocument:
    def check(document: Document) -> Sequence[Finding]:
        guide = choice if isinstance(choice, Guide) else _starter(document) if choice == AUTO else None
        if guide is None or guide.document != document.type:
            return ()
        return check_document(document, guide)

    return check


def _starter(document: Document) -> Guide | None:
    header = document.header
    if header is None:
        return None
    if header.tag == "UNH":
        return find_guide("edifact", document.type, f"{header.value(2, 2)}.{header.value(2, 3)}")
    group = document.group.header if document.group is not None else None
    return find_guide("x12", document.type, group.value(8) if group is not None else "")


def _x12(data: bytes, moment: datetime, number: int, kind: str, check: functional_ack.CheckDocument, policy: Policy) -> bytes:
    out: list[bytes] = []
    for interchange in x12.read(data):
        sent = x12.identity(interchange.header)
        if sent is None:
            continue
        ta1: list[Row] = []
        if kind == "TA1" or sent.acknowledgement_requested:
            ta1.append(interchange_ack.interchange_acknowledgement(interchange, policy))
        groups: list[tuple[Segment, OutDocument]] = []
        for group in interchange.groups if kind != "TA1" else []:
            if group.header is None or group.header.value(1) == "FA":
                continue
            verdict = functional_ack.judge(group, check, policy)
            reference = f"{len(groups) + 1:04d}"
            document = (
                functional_ack.implementation_acknowledgement(verdict, reference)
                if kind == "999"
                else functional_ack.functional_acknowledgement(verdict, reference)
            )
            groups.append((group.header, document))
        if not ta1 and not groups:
            continue
        version = sent.version if sent.version.isdecimal() and len(sent.version) == 5 else "00401"
        if kind == "999":
            version = max(version, "00501")
        release = "005010X231A1" if kind == "999" else f"{version}0"
        header = x12_writer.IsaHeader(
            sent.receiver_qualifier or "ZZ",
            sent.receiver,
            sent.sender_qualifier or "ZZ",
            sent.sender,
            number,
            moment,
            version,
            test=sent.test,
        )
        answers = [_group(header, source.value(3), source.value(2), number, document, release) for source, document in groups]
        out.append(x12_writer.write(header, _merged(answers), before_groups=ta1, line_ending=b"\n"))
        number += 1
    if not out:
        raise NothingToAcknowledge("the file holds no interchange that asks for an acknowledgement")
    return b"".join(out)


def _group(
    header: x12_writer.IsaHeader, sender: str, receiver: str, number: int, document: OutDocument, release: str
) -> x12_writer.OutGroup:
    return x12_writer.OutGroup("FA", sender or header.sender, receiver or header.receiver, number, [document], release)


def _merged(groups: list[x12_writer.OutGroup]) -> list[x12_writer.OutGroup]:
    """Acknowledgements between the same two applications go into one group."""
    merged: dict[tuple[str, str], list[OutDocument]] = {}
    for group in groups:
        merged.setdefault((group.sender, group.receiver), []).extend(group.documents)
    return [
        x12_writer.OutGroup("FA", sender, receiver, number, documents, groups[0].version)
        for number, ((sender, receiver), documents) in enumerate(merged.items(), start=1)
    ]


def _edifact(data: bytes, moment: datetime, number: int, check: functional_ack.CheckDocument, policy: Policy) -> bytes:
    out: list[bytes] = []
    for interchange in edifact.read(data):
        sent = edifact.identity(interchange.header)
        if sent is None or all(document.type == "CONTRL" for document in interchange.documents()):
            continue
        report = contrl.syntax_report(interchange, "1", check=check, policy=policy, detail=True)
        header = edifact_writer.UnbHeader(
            sent.receiver,
            sent.sender,
            str(number),
            moment,
            sent.receiver_qualifier,
            sent.sender_qualifier,
            "UNOC" if interchange.charset != "utf-8" or sent.syntax in ("UNOA", "UNOB", "UNOC") else "UNOY",
            test=sent.test,
        )
        out.append(edifact_writer.write(header, [report], line_ending=b"\n"))
        number += 1
    if not out:
        raise NothingToAcknowledge("the file holds no interchange that asks for an answer")
    return b"".join(out)
