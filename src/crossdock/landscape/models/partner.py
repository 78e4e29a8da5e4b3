"""`partners/*.yaml`: a trading partner, its identifiers, agreements and transports, and the data it may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crossdock.canonical.identifiers import Identifier
from crossdock.documents.options import MappingOptions
from crossdock.documents.overlay import check_rules
from crossdock.landscape.models.access import Access, Client
from crossdock.landscape.models.base import Duration, Name, Strict, Text
from crossdock.landscape.models.system import CredentialReference


class PartnerIdentifier(Strict):
    """One name of the partner in one scheme; check digits of GLN and GTIN are verified when the landscape is checked."""

    scheme: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9:._-]*$", max_length=64, description="`gln`, `duns`, `vat`, `x12:zz`, ...")
    ]
    value: Annotated[str, Field(min_length=1, max_length=255, description="The identifier.")]

    def canonical(self) -> Identifier:
        """The identifier with its check digit verified. Raises pydantic's ValidationError."""
        return Identifier(scheme=self.scheme, value=self.value)


class Contact(Strict):
    """A person or desk at the partner."""

    role: Annotated[str, Field(description="What for: `operations`, `edi`, `finance`, ...")]
    name: Annotated[Text, Field(description="Who.")] = ""
    email: Annotated[Text, Field(description="Mail address.")] = ""
    phone: Annotated[Text, Field(description="Telephone.")] = ""


class Agreement(Strict):
    """One kind of document exchanged, in one direction, by one mapping version."""

    document: Annotated[str, Field(description="What: `850`, `ORDERS`, `Invoice`, or a canonical event type.")]
    direction: Annotated[Literal["in", "out"], Field(description="As seen from the hub.")]
    format: Annotated[Literal["x12", "edifact", "ubl", "csv", "xlsx", "xml", "json"], Field(description="Wire format.")]
    version: Annotated[str, Field(description="The format's version, for example `004010`, `D.96A`.")] = ""
    guide: Annotated[
        str,
        Field(
            description="The implementation guide: a file of the landscape (`partners/acme/850.yaml`), `starter` (the default: ours for "
            "this document and version), or `none`."
        ),
    ] = "starter"
    mapping: Annotated[str, Field(description="The mapping, for example `acme/orders`; empty: the hub's own.")] = ""
    mapping_version: Annotated[str, Field(description="The mapping's version in force.")] = ""
    overlay: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="Where this partner deviates: rules of the overlay language, applied before reading or after writing."),
    ] = ()
    options: Annotated[MappingOptions, Field(description="Defaults, value maps and address book of the mapping.")] = (
        MappingOptions()
    )
    transport: Annotated[str, Field(description="The transport's name; may be left out when the partner has one only.")] = ""
    acknowledge_within: Annotated[Duration | None, Field(description="An acknowledgement is expected in this time.")] = None
    commands: Annotated[
        tuple[str, ...],
        Field(
            description="The commands this document carries out; empty: those the document is made for (`850`: `purchase_order.send`)."
        ),
    ] = ()

    @model_validator(mode="after")
    def _rules(self) -> Agreement:
        if self.overlay and self.format not in ("x12", "edifact"):
            raise ValueError(f"an overlay changes places of X12 and EDIFACT documents; {self.format} has none")
        wrong = check_rules(self.overlay)
        if wrong:
            raise ValueError("; ".join(f"overlay {each}" for each in wrong))
        return self


class Transport(Strict):
    """A way documents travel."""

    kind: Annotated[
        Name, Field(description="Protocol: an entry point of the group `crossdock.transports` (`as2`, `sftp`, `https`, `mail`).")
    ]
    endpoint: Annotated[str, Field(description="Where the partner listens; an environment may override it.")] = ""
    credentials: Annotated[dict[Name, CredentialReference], Field(description="Purpose and vault reference.")] = Field(
        default_factory=dict
    )
    options: Annotated[dict[str, Any], Field(description="The transport's own settings.")] = Field(default_factory=dict)


class Delimiters(Strict):
    """The service characters of what we send; a partner's system may know no others."""

    element: Annotated[str, Field(min_length=1, max_length=1, description="Between elements.")] = "*"
    component: Annotated[str, Field(min_length=1, max_length=1, description="Between components.")] = ">"
    segment: Annotated[str, Field(min_length=1, max_length=1, description="After each segment.")] = "~"
    repetition: Annotated[str, Field(max_length=1, description="Between repetitions; empty: none.")] = "^"
    line_ending: Annotated[Literal["", "lf", "crlf"], Field(description="What follows each segment terminator.")] = ""


class Exchange(Strict):
    """How envelopes are written and judged, and which acknowledgements go back: the technical half of the partnership."""

    ours: Annotated[
        tuple[PartnerIdentifier, ...], Field(description="What the partner calls us, by scheme: `x12:zz`, `edifact:14`.")
    ] = ()
    mailbox: Annotated[
        Name | None,
        Field(
            description="The system of kind `edi_mailbox` that brings this partner's interchanges among those of others (a VAN)."
        ),
    ] = None
    strictness: Annotated[
        Literal["tolerant", "default", "strict"], Field(description="What faults of the envelope weigh; see the EDI reference.")
    ] = "default"
    severities: Annotated[
        dict[str, Literal["error", "warning", "note"]],
        Field(description="Single findings that weigh otherwise with this partner: `SE01-count: note`."),
    ] = Field(default_factory=dict)
    refuse: Annotated[
        Literal["document", "group", "interchange"],
        Field(
            description="How much is refused when a document fails its guide: the document, its group, or the whole interchange."
        ),
    ] = "document"
    acknowledge: Annotated[
        tuple[Literal["997", "999", "TA1", "CONTRL", "824", "APERAK", "ApplicationResponse"], ...] | None,
        Field(
            description="The acknowledgements the partner gets; absent: 997 or CONTRL, TA1 where it is asked for or the envelope fails, and 824, APERAK or "
            "ApplicationResponse where the content of a document is refused; `[]`: none."
        ),
    ] = None
    gap_patience: Annotated[
        Duration, Field(description="How long a missing control number is waited for before a person is told.")
    ] = timedelta(hours=4)
    numbered: Annotated[
        bool, Field(description="Whether the partner counts its interchanges without holes; else gaps mean nothing.")
    ] = True
    series: Annotated[
        int,
        Field(
            ge=1,
            description="Raise it by one when the partner begins to count anew, so that old numbers are not taken for repeated.",
        ),
    ] = 1
    first_number: Annotated[
        int, Field(ge=1, description="The first control number we give, when another system counted before.")
    ] = 1
    version: Annotated[
        str, Field(pattern=r"^(\d{5})?$", description="X12: the interchange version (ISA12) we write; empty: by the document.")
    ] = ""
    syntax: Annotated[Literal["UNOA", "UNOB", "UNOC", "UNOY"], Field(description="EDIFACT: the character set we write.")] = "UNOC"
    delimiters: Annotated[
        Delimiters | None, Field(description="The service characters we write; absent: the standard's usual ones.")
    ] = None
    ask_acknowledgement: Annotated[
        bool, Field(description="Ask for the interchange's acknowledgement (X12: ISA14, a TA1; EDIFACT: UNB 0031, a CONTRL).")
    ] = False


class Partner(Strict):
    """One trading partner."""

    name: Annotated[Name, Field(description="The partner's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The partner's name for people.")] = ""
    state: Annotated[
        Literal["draft", "testing", "live", "suspended"], Field(description="Only `live` partners get real messages.")
    ] = "draft"
    tier: Annotated[Name | None, Field(description="Segment (`policies.yaml`): queue, rate, alert route.")] = None
    criticality: Annotated[Literal["low", "normal", "high"], Field(description="What a standstill with this partner means.")] = (
        "normal"
    )
    region: Annotated[Name | None, Field(description="Where its data may live.")] = None
    owner: Annotated[Name | None, Field(description="The team that answers for the partnership.")] = None
    systems: Annotated[tuple[Name, ...], Field(description="The landscape's systems that are this partner's.")] = ()
    identifiers: Annotated[tuple[PartnerIdentifier, ...], Field(description="Its names: GLN, DUNS, VAT, EDI ids.")] = ()
    contacts: Annotated[tuple[Contact, ...], Field(description="Whom to call.")] = ()
    agreements: Annotated[tuple[Agreement, ...], Field(description="Documents exchanged.")] = ()
    transports: Annotated[dict[Name, Transport], Field(description="Ways documents travel, by name.")] = Field(
        default_factory=dict
    )
    exchange: Annotated[Exchange, Field(description="Envelopes: identifiers, strictness, acknowledgements, control numbers.")] = (
        Exchange()
    )
    may_see: Annotated[tuple[Name, ...], Field(description="Data classes (`policies.yaml`) that may leave to this partner.")] = ()
    access: Annotated[
        Access, Field(description="Who may send in the name of its systems: addresses, client certificates, access tokens.")
    ] = Access()
    clients: Annotated[
        dict[Name, Client],
        Field(description="Its programs that get access tokens of this hub, by client id; unique in the landscape."),
    ] = Field(default_factory=dict)
