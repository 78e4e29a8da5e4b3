"""What is agreed with a partner, read from its file: identifiers, agreements, guides, strictness, envelopes. No document, no transport."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock.connectors.protocol import PartnerFile
from crossdock.core.errors import LandscapeInvalid
from crossdock.documents.commands import DOCUMENT_COMMANDS
from crossdock.documents.mapping import Parties, Party
from crossdock.documents.options import MappingOptions
from crossdock.edi.delimiters import Delimiters
from crossdock.edi.findings import Severity
from crossdock.edi.guides import Guide, GuideError, find_guide, load_guide
from crossdock.edi.policy import DEFAULT, STRICT, TOLERANT, Policy

STANDARDS: Final = {"x12": "x12", "edifact": "edifact", "ubl": "ubl", "csv": "tables", "xlsx": "tables"}
"""The standard of each wire format."""
POLICIES: Final = {"default": DEFAULT, "tolerant": TOLERANT, "strict": STRICT}
ACKNOWLEDGEMENTS: Final = {"x12": ("997", "999", "824"), "edifact": ("CONTRL", "APERAK"), "ubl": ("ApplicationResponse",)}
"""Documents that acknowledge others: they need no agreement."""
SILENT: Final = {"x12": ("997", "999"), "edifact": ("CONTRL", "APERAK")}
"""Those of them that are never acknowledged themselves (X12.20, 1.2; ISO 9735 part 4, 4). An 824 is a document like others to X12."""
REFUSALS: Final = frozenset({"824", "APERAK", "ApplicationResponse"})

_USUAL: Final = {
    "x12": Delimiters(b"*", b">", b"~", b"^"),
    "edifact": Delimiters(b"+", b":", b"'", b"", b"?"),
}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ENDINGS: Final = {"": b"", "lf": b"\n", "crlf": b"\r\n"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """One kind of document in one direction. `standard` is the mapping's (`tables` for CSV and XLSX); `guide` is None where none is used."""

    document: str
    direction: str
    format: str
    standard: str
    version: str
    guide: Guide | None
    overlay: tuple[Mapping[str, Any], ...]
    options: MappingOptions
    transport: str
    acknowledge_within: timedelta | None
    commands: tuple[str, ...]
    judged: bool = True
    """Whether a guide is wanted at all."""

    def takes(self, version: str) -> bool:
        """Whether a document of this release is meant: the version agreed begins it, or none was agreed."""
        return not self.version or version.replace(":", ".").startswith(self.version)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything agreed with one partner. `live` is false while the partnership is a draft or suspended; `test` while it is tested."""

    partner: str
    title: str
    live: bool
    test: bool
    identifiers: tuple[tuple[str, str], ...]
    ours: tuple[tuple[str, str], ...]
    agreements: tuple[Agreement, ...]
    policy: Policy = DEFAULT
    refuse: str = "document"
    acknowledge: tuple[str, ...] | None = None
    gap_patience: int | None = 14_400
    first_number: int = 1
    series: int = 1
    version: str = ""
    syntax: str = "UNOC"
    ask_acknowledgement: bool = False
    delimiters: Mapping[str, Delimiters] = field(default_factory=lambda: dict(_USUAL))
    line_ending: bytes = b""

    def incoming(self, standard: str, document: str, version: str = "") -> Agreement | None:
        """The agreement on a document that came in; the one with the longest version that fits."""
        fitting = [
            each
            for each in self.agreements
            if each.direction == "in" and each.standard == standard and each.document == document and each.takes(version)
        ]
        return max(fitting, key=lambda each: len(each.version), default=None)

    def outgoing(self, command: str) -> Agreement | None:
        """The agreement by which a command becomes a document; None when there is none."""
        return next((a for a in self.agreements if a.direction == "out" and command in a.commands), None)

    def answers_by(self, standard: str) -> str:
        """The transport acknowledgements go out by: that of the documents we send in the standard; empty: the only one that sends."""
        return next((a.transport for a in self.agreements if a.direction == "out" and a.standard == standard and a.transport), "")

    def tells_refusals(self, kind: str) -> bool:
        """Whether the partner hears by this document that what it wrote was refused: always, unless its acknowledgements are listed without it."""
        return self.live and (self.acknowledge is None or kind in self.acknowledge)

    def known_sender(self, standard: str, qualifier: str, identifier: str) -> bool:
        """Whether an envelope's sender is this partner."""
        return _named(self.identifiers, standard, qualifier, identifier)

    def known_receiver(self, standard: str, qualifier: str, identifier: str) -> bool:
        """Whether an envelope's receiver is us, as this partner knows us."""
        return _named(self.ours, standard, qualifier, identifier)

    def parties(self, standard: str) -> Parties:
        """Both sides as envelopes and documents of a standard name them."""
        return Parties(_party(self.ours, standard), _party(self.identifiers, standard, self.title), self.test)

    def standards(self) -> Iterator[str]:
        """The standards agreed on."""
        yield from dict.fromkeys(each.standard for each in self.agreements)


def _named(names: tuple[tuple[str, str], ...], standard: str, qualifier: str, identifier: str) -> bool:
    wanted = {f"{standard}:{qualifier}".lower(), standard}
    if qualifier in ("14", "UL", "8"):
        wanted.add("gln")
    if qualifier in ("01", "1"):
        wanted.add("duns")
    if qualifier == "12":
        wanted.add("phone")
    return any(scheme.lower() in wanted and value.strip() == identifier for scheme, value in names)


def _party(names: tuple[tuple[str, str], ...], standard: str, title: str = "") -> Party:
    """The name for an envelope of this standard: `x12:ZZ` before a GLN or DUNS number."""
    gln = next((value for scheme, value in names if scheme == "gln"), "")
    codes = {scheme.partition(":")[2]: value for scheme, value in names if scheme.startswith("code:")}
    group = next((value for scheme, value in names if scheme.lower() == f"{standard}:gs"), "")
    if group:
        codes["group"] = group
    vat = next((value for scheme, value in names if scheme == "vat"), "")
    for scheme, value in names:
        room, _, qualifier = scheme.partition(":")
        if room == standard and qualifier and qualifier.lower() != "gs":
            return Party(qualifier.upper(), value, gln, title, vat, codes)
    duns = next((value for scheme, value in names if scheme == "duns"), "")
    if gln:
        return Party({"x12": "UL", "edifact": "14"}.get(standard, "0088"), gln, gln, title, vat, codes)
    if duns:
        return Party({"x12": "01", "edifact": "1"}.get(standard, "0060"), duns, gln, title, vat, codes)
    return Party("", "", gln, title, vat, codes)


def terms_of(partner: PartnerFile) -> Terms:
    """The terms in a partner's file. Raises `LandscapeInvalid` for a guide that cannot be used."""
    content = partner.content
    exchange = content.get("exchange") or {}
    policy = POLICIES[exchange.get("strictness", "default")]
    weighed = {code: Severity(value) for code, value in (exchange.get("severities") or {}).items()}
    if weighed:
        policy = Policy(partner.name, {**policy.severities, **weighed})
    patience = span(exchange.get("gap_patience", "4h"))
    state = content.get("state", "draft")
    return Terms(
        partner=partner.name,
        title=content.get("title") or partner.name,
        live=state in ("testing", "live"),
        test=state != "live",
        identifiers=_names(content.get("identifiers")),
        ours=_names(exchange.get("ours")),
        agreements=tuple(_agreement(each, partner) for each in content.get("agreements") or ()),
        policy=policy,
        refuse=exchange.get("refuse", "document"),
        acknowledge=None if exchange.get("acknowledge") is None else tuple(exchange["acknowledge"]),
        gap_patience=int(patience.total_seconds()) if patience and exchange.get("numbered", True) else None,
        first_number=int(exchange.get("first_number", 1)),
        series=int(exchange.get("series", 1)),
        version=exchange.get("version", ""),
        syntax=exchange.get("syntax", "UNOC"),
        ask_acknowledgement=bool(exchange.get("ask_acknowledgement")),
        delimiters=_delimiters(exchange.get("delimiters")),
        line_ending=_ENDINGS[(exchange.get("delimiters") or {}).get("line_ending", "")],
    )


def span(value: Any) -> timedelta | None:
    """A duration as the partner's file writes it (`1h30m`)."""
    if value is None or isinstance(value, timedelta):
        return value
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(str(value))))


def _names(found: Any) -> tuple[tuple[str, str], ...]:
    return tuple((each["scheme"], each["value"]) for each in found or ())


def _delimiters(given: Mapping[str, str] | None) -> dict[str, Delimiters]:
    if not given:
        return dict(_USUAL)
    element, component, segment, repetition = (
        given[name].encode("latin-1", "replace") for name in ("element", "component", "segment", "repetition")
    )
    edifact = Delimiters(element, component, segment, repetition, b"?") if segment != b"~" else _USUAL["edifact"]
    return {"x12": Delimiters(element, component, segment, repetition), "edifact": edifact}


def _agreement(given: Mapping[str, Any], partner: PartnerFile) -> Agreement:
    document, form = str(given["document"]), str(given["format"])
    standard = STANDARDS.get(form, form)
    options = given.get("options") or {}
    return Agreement(
        document=document,
        direction=given["direction"],
        format=form,
        standard=standard,
        version=str(given.get("version") or ""),
        guide=_guide(given, standard, partner),
        overlay=tuple(given.get("overlay") or ()),
        options=options if isinstance(options, MappingOptions) else MappingOptions.model_validate(options),
        transport=str(given.get("transport") or ""),
        acknowledge_within=span(given.get("acknowledge_within")),
        commands=tuple(given.get("commands") or ()) or DOCUMENT_COMMANDS.get(document, ()),
        judged=str(given.get("guide") or "starter") != "none",
    )


def _guide(given: Mapping[str, Any], standard: str, partner: PartnerFile) -> Guide | None:
    wanted, document, version = str(given.get("guide") or "starter"), str(given["document"]), str(given.get("version") or "")
    if wanted == "none" or standard not in ("x12", "edifact"):
        return None
    if wanted == "starter":
        return find_guide(standard, document, version, nearest=True)
    try:
        return load_guide(guide_path(partner.folder, wanted), version)
    except (GuideError, OSError) as error:
        raise LandscapeInvalid(
            f"partner {partner.name!r}: the guide {wanted} cannot be used: {error}", partner=partner.name
        ) from None


def guide_path(folder: Path, wanted: str) -> Path:
    """The file of a guide named in an agreement; never outside the landscape. Raises `LandscapeInvalid`."""
    path = (folder / wanted).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise LandscapeInvalid(f"the guide {wanted} is outside the landscape")
    return path
