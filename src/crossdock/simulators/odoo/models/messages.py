"""Notes in the history of a record, as `load` makes them; posting, followers and e-mails are not simulated."""

from __future__ import annotations

from typing import ClassVar

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, char, choice, flag, integer, moment, one, text


class Subtype(Model):
    name = "mail.message.subtype"
    label = "Message subtypes"
    own: ClassVar[Fields] = {"name": char("Message Type", required=True), "internal": flag("Internal Only")}


class Message(Model):
    name = "mail.message"
    label = "Message"
    order = "id desc"
    rec_name = "id"
    own: ClassVar[Fields] = {
        "model": char("Related Document Model", index=True),
        "res_id": integer("Related Document ID", index=True),
        "body": text("Contents"),
        "message_type": choice("Type", "comment", "notification", "email", default="email"),
        "subtype_id": one("mail.message.subtype", "Subtype"),
        "author_id": one("res.partner", "Author"),
        "date": moment("Date", default=lambda env: env.now[:19]),
    }


MODELS = [Subtype, Message]
