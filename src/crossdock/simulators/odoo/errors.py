"""Odoo's errors as they appear on the wire; knows nothing of how they are caused.

Every JSON error carries a complete traceback in `debug`, as the real server does: a client that copies it
into its own logs or pages must be found out here and not in production.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/opt/odoo/odoo/http.py", line 2273, in _serve_db\n'
    "    return service_model.retrying(serve_func, env=self.env)\n"
    '  File "/opt/odoo/odoo/service/model.py", line 184, in retrying\n'
    "    result = func()\n"
    '  File "/opt/odoo/addons/rpc/controllers/json2.py", line 86, in web_json_2_rpc\n'
    "    result = func(records, **kwargs)\n"
)


class OdooError(Exception):
    """One error answer: its Python name at the server, the HTTP status and the message."""

    name = "builtins.Exception"
    status = 500

    def __init__(
        self,
        message: str,
        *,
        context: Mapping[str, Any] | None = None,
        name: str | None = None,
        status: int | None = None,
        arguments: list[Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.context = dict(context or {})
        self.arguments = arguments if arguments is not None else [message]
        if name is not None:
            self.name = name
        if status is not None:
            self.status = status

    def body(self) -> dict[str, Any]:
        """The JSON-2 error object."""
        return {
            "name": self.name,
            "message": self.message,
            "arguments": self.arguments,
            "context": self.context,
            "debug": f"{TRACEBACK}{self.name}: {self.message}\n",
        }


class UserError(OdooError):
    """A business rule said no."""

    name = "odoo.exceptions.UserError"
    status = 422


class ValidationError(OdooError):
    """A constraint, a unique index, a required value or a foreign key said no."""

    name = "odoo.exceptions.ValidationError"
    status = 422


class AccessError(OdooError):
    """Access rights, record rules or companies said no; also private methods."""

    name = "odoo.exceptions.AccessError"
    status = 403


class AccessDenied(OdooError):
    """Wrong login, password or key (legacy RPC)."""

    name = "odoo.exceptions.AccessDenied"
    status = 403


class MissingError(OdooError):
    """The record is not there (any more)."""

    name = "odoo.exceptions.MissingError"
    status = 404

    @classmethod
    def of(cls, model: str, record: int, uid: int) -> MissingError:
        """The error for one record, in the server's words."""
        return cls(f"Record does not exist or has been deleted.\n(Record: {model}({record},), User: {uid})")


class RedirectWarning(OdooError):
    """Configuration is missing; a 500, although it is a business error."""

    name = "odoo.exceptions.RedirectWarning"
    status = 500

    def __init__(self, message: str, action: int, button: str) -> None:
        super().__init__(message, arguments=[message, action, button, None])
        self.message = f"{message}\n{action}\n{button}\nNone"


class ProgrammingError(OdooError):
    """What Python itself raises at the server: always 500."""

    def __init__(self, message: str, kind: str = "ValueError") -> None:
        super().__init__(message, name=f"builtins.{kind}", status=500)


class HttpError(OdooError):
    """An error of the HTTP layer (werkzeug); its arguments carry the status too."""

    _names: ClassVar[dict[int, str]] = {
        400: "BadRequest",
        401: "Unauthorized",
        404: "NotFound",
        422: "UnprocessableEntity",
    }

    def __init__(self, status: int, message: str) -> None:
        super().__init__(
            message,
            name=f"werkzeug.exceptions.{self._names[status]}",
            status=status,
            arguments=[message, status],
        )


class SerializationFailure(OdooError):
    """The server's five tries are used up; nothing was committed."""

    name = "psycopg2.errors.SerializationFailure"
    status = 500


SERIALIZATION = "could not serialize access due to concurrent update\n"


def invalid_text(value: object) -> OdooError:
    """What PostgreSQL says when text is given for an integer."""
    return OdooError(f'invalid input syntax for type integer: "{value}"\n', name="psycopg2.errors.InvalidTextRepresentation")


def required(model_label: str, model: str, field_label: str, field: str) -> ValidationError:
    """A mandatory field is not set."""
    return ValidationError(
        f"The operation cannot be completed: Missing required value for the field '{field_label}' ({field}).\n"
        f"Model: '{model_label}' ({model})\n"
        "- create/update: a mandatory field is not set\n"
        "- delete: another model requires the record being deleted, you can archive it instead\n"
    )


def foreign_key(model_label: str, model: str, field_label: str, field: str) -> ValidationError:
    """A reference to a record that is not there; the text misleadingly speaks of deleting."""
    return ValidationError(
        "The operation cannot be completed: Another model is using the record you are trying to delete.\n\n"
        f"The troublemaker is: '{model_label}' ({model})\n"
        f"Thanks to the following constraint: '{field_label}' ({field})\n"
        "How about archiving the record instead?"
    )


def not_allowed(label: str, model: str, operation: str = "access", groups: str = "") -> AccessError:
    """The access control list said no."""
    listed = f"This operation is allowed for the following groups:\n\t- {groups}\n\n" if groups else ""
    return AccessError(
        f"You are not allowed to {operation} '{label}' ({model}) records.\n\n{listed}"
        "Contact your administrator to request access if necessary."
    )
