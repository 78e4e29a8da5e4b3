"""The settings of a flow that registers payments of banks: which role keeps the books; knows no system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from crossdock.processes.inventory_snapshot.settings import Strict


class Settings(Strict):
    """`settings:` of a flow with `workflow: bank_payment`."""

    book: Annotated[str, Field(description="The role whose system has the invoices.")] = "erp"
    bank: Annotated[str, Field(description="The role whose payments are registered; others are left alone.")] = "bank"


def requires(_roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """The commands each role is sent, for the linter."""
    return {settings.book: frozenset({"payment.register"}), settings.bank: frozenset()}
