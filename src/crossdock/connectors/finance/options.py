"""The `options:` of a finance system: by REST or by CSV files, and how it is spoken to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from crossdock.connectors.base import Options
from crossdock.connectors.contracts.access import ApiKeyAuth, Auth


class ByRest(Options):
    """The contract of `openapi.yaml`."""

    kind: Literal["rest"] = "rest"
    auth: Auth = ApiKeyAuth()
    page: Annotated[int, Field(ge=1, le=1000, description="Acknowledgements a request.")] = 500


class JournalTransport(Options):
    """One way files travel: kind, endpoint and settings as in a partner's file (docs/reference/transports.md)."""

    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    endpoint: Annotated[str, Field(description="Where the other side listens; empty: the system's own endpoint.")] = ""
    options: dict[str, Any] = Field(default_factory=dict)


class ByCsv(Options):
    """Files by any transport; its credentials are those of the system named `<transport>-<purpose>`. It is polled under the transport's name."""

    kind: Literal["csv"] = "csv"
    transports: Annotated[dict[str, JournalTransport], Field(min_length=1)]
    send_by: Annotated[str, Field(description="The transport journals go out by; empty: the only one that sends.")] = ""
    delimiter: Literal[",", ";", "\t"] = ","
    decimal: Literal[".", ","] = "."


class FinanceOptions(Options):
    """How journals reach the finance system."""

    by: Annotated[ByRest | ByCsv, Field(discriminator="kind")] = ByRest()
    company: Annotated[str, Field(max_length=64, description="The company's code there, for journals that name none.")] = ""
    accounts: Annotated[
        str, Field(description="Value map: the account there -> the hub's account. Without it accounts go out as they are.")
    ] = ""
