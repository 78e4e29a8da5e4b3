"""Pressing a button of Odoo whose answer decides nothing: what is read afterwards does; knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.connectors.odoo.client import OdooClient
from crossdock.core.errors import CrossdockError, TargetRefused


class Pressed:
    """What came of pressing: Odoo's answer, or its refusal."""

    def __init__(self, answer: Any = None, trouble: CrossdockError | None = None) -> None:
        self.answer = answer
        self.trouble = trouble

    @property
    def wizard(self) -> str:
        """What Odoo wants answered by a person first; empty when it asked nothing."""
        found = self.answer.get("res_model") or self.answer.get("tag") if isinstance(self.answer, dict) else ""
        return str(found or "")

    def failure(self, words: str, **detail: Any) -> CrossdockError:
        """Why what should be there is not: Odoo's own refusal, else these words with the question it asked."""
        asked = f": it wants {self.wizard} answered by a person" if self.wizard else ""
        return self.trouble or TargetRefused(f"{words}{asked}", wizard=self.wizard, **detail)


async def pressed(client: OdooClient, model: str, method: str, ids: Sequence[int], **arguments: Any) -> Pressed:
    """Call a method that changes something and keep its refusal. Raises only when nobody knows whether it happened."""
    try:
        return Pressed(await client.call(model, method, ids=ids, **arguments))
    except CrossdockError as error:
        if error.family == "uncertain":
            raise
        return Pressed(trouble=error)
