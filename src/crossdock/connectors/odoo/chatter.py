"""Notes in the history of an Odoo record, each written once under the hub's external id and mailed to nobody."""

from __future__ import annotations

from html import escape

from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader


class Chatter:
    """Writes notes (`mail.message`); they are loaded and not posted, so a repeat changes nothing and no follower gets an e-mail."""

    def __init__(self, client: OdooClient, loader: Loader) -> None:
        self._client = client
        self._loader = loader

    async def _name(self, parts: tuple[str, ...]) -> str:
        return ExternalIds(self._client.options.xid_prefix, await self._client.company()).name("note", *parts)

    async def note(self, model: str, id_: int, words: str, *identity: str) -> None:
        """Write a note on a record; `identity` makes it the same note when it is written again."""
        columns = ("id", "model", "res_id", "body", "message_type")
        row = (await self._name(identity), model, str(id_), f"<p>{escape(words)}</p>", "comment")
        await self._loader.load("mail.message", columns, [row])

    async def written(self, model: str, id_: int, *identity: str) -> bool:
        """Whether the note of this identity exists on a record."""
        where = [["model", "=", model], ["res_id", "=", id_]]
        return await self._client.find(await self._name(identity), "mail.message", where) is not None
