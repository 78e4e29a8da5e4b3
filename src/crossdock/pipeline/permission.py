"""Whether a command may leave now: its receiver's partner is admitted, and it writes nothing that the receiver itself is the record of."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from crossdock.core.command_documents import documents
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, TargetOwns
from crossdock.core.ownership import WRITES, Ownership
from crossdock.pipeline.standing import Standing


class Permission:
    """Asked before every call; costs two look-ups unless the receiver owns something of what is written."""

    def __init__(self, standing: Standing, ownership: Callable[[], Ownership]) -> None:
        self._standing = standing
        self._ownership = ownership

    def refusal(self, command: Command) -> CrossdockError | None:
        """Why the command must not leave; None when it may."""
        refused = self._standing.outward(command.system)
        return self._owned(command) if refused is None else refused

    def _owned(self, command: Command) -> CrossdockError | None:
        writes = WRITES.get(command.name)
        ownership = self._ownership()
        if not writes or not ownership.owns_any(command.system):
            return None
        parts = command.key.split("/")
        originator = parts[1] if len(parts) > 2 else ""
        fields: list[dict[str, object]] = []
        for path, kind, value in documents(command.name, command.data):
            if path.split(".")[0] not in writes or not ownership.owns_of(command.system, kind.schema_name):
                continue
            try:
                document = kind.model_validate(value)
            except ValidationError:
                continue  # the connector says what is wrong with it
            found = ownership.check_write(kind.schema_name, command.system, document, originator)
            fields += [{"field": f"{path}.{each.place}", "owners": list(each.owners)} for each in found]
        if not fields:
            return None
        names = ", ".join(str(each["field"]) for each in fields[:5]) + (" ..." if len(fields) > 5 else "")
        return TargetOwns(
            f"{command.system} is itself the record of {names}; {command.name} would overwrite it",
            system=command.system, command=command.name, fields=fields,
        )  # fmt: skip
