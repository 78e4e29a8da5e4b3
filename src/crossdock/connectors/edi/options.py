"""The `options:` of a system of kind `edi`; what is agreed with the partner is in the partner's own file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.connectors.base import Options


class EdiOptions(Options):
    """Settings of a partner's system. The partner is the one whose file lists this system in `systems:`."""

    partner: Annotated[str, Field(description="The partner's name, for readers; the partner's own `systems:` decides.")] = ""
    max_documents: Annotated[
        int, Field(ge=1, le=1_000_000, description="Documents one interchange may carry; more are refused as a whole.")
    ] = 50_000
