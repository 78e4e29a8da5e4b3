"""What a system may not do: events it is not responsible for and fields it does not own."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class NotResponsible(Rejected):
    """This system may not send this kind of event."""

    code = "authorize.not_responsible"
    hint = "Compare `ownership.yaml`: who originates, enriches, validates and finalizes the event."


class TargetOwns(Rejected):
    """A command would overwrite a field of which its receiver is the record."""

    code = "authorize.target_owns"
    hint = "The fields and their owner are in the detail: let the flow tell somebody else, or change ownership by review."


class PartnerSuspended(Rejected):
    """The partner is suspended: nothing is taken from it and nothing is sent to it."""

    code = "authorize.partner_suspended"
    hint = "Who suspended it and why is in the detail; `crossdock partner resume NAME` lets it go on, then retry."


class PartnerNotAdmitted(Rejected):
    """The partner is not live yet: nothing real is exchanged with it."""

    code = "authorize.partner_not_live"
    hint = "Finish its onboarding (`crossdock partner checklist NAME`), then retry."


class FieldNotOwned(Rejected):
    """This system wrote a field that another system owns."""

    code = "authorize.field_not_owned"
    hint = "The field and its owner are in the detail; change it at the owner, or change ownership by review."
