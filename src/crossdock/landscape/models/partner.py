"""`partners/*.yaml`: a trading partner, its identifiers, agreements and transports, and the data it may see."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from crossdock.canonical.identifiers import Identifier
from crossdock.landscape.models.base import Duration, Name, Strict, Text
from crossdock.landscape.models.system import CredentialReference


class PartnerIdentifier(Strict):
    """One name of the partner in one scheme; check digits of GLN and GTIN are verified when the landscape is checked."""

    scheme: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9:._-]*$", max_length=64, description="`gln`, `duns`, `vat`, `x12:ZZ`, ...")
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

    document: Annotated[str, Field(description="What: `850`, `ORDERS`, `invoice`, or a canonical event type.")]
    direction: Annotated[Literal["in", "out"], Field(description="As seen from the hub.")]
    format: Annotated[Literal["x12", "edifact", "ubl", "csv", "xml", "json"], Field(description="Wire format.")]
    version: Annotated[str, Field(description="The format's version, for example `004010`, `D96A`.")] = ""
    mapping: Annotated[str, Field(description="The mapping, for example `acme/orders`.")] = ""
    mapping_version: Annotated[str, Field(description="The mapping's version in force.")] = ""
    transport: Annotated[str, Field(description="The transport's name.")] = ""
    acknowledge_within: Annotated[Duration | None, Field(description="An acknowledgement is expected in this time.")] = None


class Transport(Strict):
    """A way documents travel."""

    kind: Annotated[Literal["as2", "sftp", "ftps", "http", "van", "mail"], Field(description="Protocol.")]
    endpoint: Annotated[str, Field(description="Where the partner listens; an environment may override it.")] = ""
    credentials: Annotated[dict[Name, CredentialReference], Field(description="Purpose and vault reference.")] = Field(
        default_factory=dict
    )
    options: Annotated[dict[str, Any], Field(description="The transport's own settings.")] = Field(default_factory=dict)


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
    may_see: Annotated[tuple[Name, ...], Field(description="Data classes (`policies.yaml`) that may leave to this partner.")] = ()
