"""What accounts and keys refuse; knows no Django, so that every error can be listed without a configured one."""

from __future__ import annotations

from crossdock.core.errors import Rejected


class KeyInvalid(Rejected):
    """What was asked of the key cannot be."""

    code = "keys.invalid"
    hint = "Keys belong to services; scopes are permissions such as `exceptions:see`."


class NotAllowed(Rejected):
    """Your roles do not allow this."""

    code = "accounts.not_allowed"
    hint = "Ask an administrator of this hub."


class NameTaken(Rejected):
    """An account of this name exists."""

    code = "accounts.name_taken"
    hint = "Choose another name, or give the existing account the role."


class AccountInvalid(Rejected):
    """What was given for the account cannot be used."""

    code = "accounts.invalid"
    hint = "Each field is named in the detail."


class LastAdministrator(Rejected):
    """Nobody would be left who may manage accounts."""

    code = "accounts.last_administrator"
    hint = "Make somebody else administrator first."


class LinkSpent(Rejected):
    """This link was used already, or its time is over."""

    code = "accounts.link_spent"
    hint = "Ask an administrator for a new one."
