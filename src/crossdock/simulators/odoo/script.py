"""Scripted errors by their Odoo name, before or after the effect; knows nothing of why."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from crossdock.simulators.odoo.errors import OdooError

STATUS = {
    "odoo.exceptions.LockError": 409,
    "odoo.exceptions.UserError": 422,
    "odoo.exceptions.ValidationError": 422,
    "odoo.exceptions.AccessError": 403,
    "odoo.exceptions.MissingError": 404,
}


@dataclass(slots=True)
class Scripted:
    """The next `count` calls of `model.method` (globs) get this error after `delay` seconds."""

    name: str
    message: str = ""
    method: str = "*"
    count: int = 1
    delay: float = 0.0
    after: bool = False

    def error(self) -> OdooError:
        """The error to raise."""
        return OdooError(self.message or self.name, name=self.name, status=STATUS.get(self.name, 500))


@dataclass(slots=True)
class Script:
    """The errors waiting for their calls."""

    waiting: list[Scripted] = field(default_factory=list)

    def add(self, **given: Any) -> None:
        """Script one error; the fields of Scripted."""
        self.waiting.append(Scripted(**given))

    async def before(self, model: str, method: str) -> OdooError | None:
        """Raise an error meant for before the effect; return one that is to be raised after it."""
        if not self.waiting:
            return None
        call = f"{model}.{method}"
        found = next((s for s in self.waiting if fnmatchcase(call, s.method)), None)
        if found is None:
            return None
        found.count -= 1
        if found.count <= 0:
            self.waiting.remove(found)
        if found.delay:
            await asyncio.sleep(found.delay)
        if not found.after:
            raise found.error()
        return found.error()
