"""One call's view of the database: who calls, in which companies and language, since when, and what to undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.errors import AccessError, UserError
from crossdock.simulators.odoo.schema import Row, Undo
from crossdock.simulators.odoo.store import Store

if TYPE_CHECKING:
    from crossdock.simulators.odoo.model import Model
    from crossdock.simulators.odoo.registry import Registry

SUPERUSER = 1


@dataclass(slots=True)
class Happened:
    """An effect to be recorded when the transaction commits."""

    kind: str
    key: str
    data: dict[str, Any]
    idempotency_key: str = ""


@dataclass
class Env:
    """A transaction. `now` is its start and the write_date of everything it writes, whenever it commits."""

    store: Store
    registry: Registry
    uid: int
    now: str
    began: int
    ctx: Mapping[str, Any] = field(default_factory=dict)
    undo: Undo = field(default_factory=Undo)
    happened: list[Happened] = field(default_factory=list)
    hooks: list[tuple[str, bytes]] = field(default_factory=list)
    touched: set[tuple[str, Any]] = field(default_factory=set)

    def __getitem__(self, model: str) -> Model:
        return self.registry[model]

    def row(self, model: str, id_: int) -> Row:
        """A row that must be there; KeyError is a defect of the simulator."""
        return self.store.tables[model].rows[id_]

    @cached_property
    def user(self) -> Row:
        """The calling user."""
        return self.store.tables["res.users"].rows[self.uid]

    @property
    def lang(self) -> str:
        """The language messages and labels are in."""
        return str(self.ctx.get("lang") or self.user.get("lang") or "en_US")

    @property
    def tz(self) -> str:
        """The time zone `load` reads date-times in."""
        return str(self.ctx.get("tz") or self.user.get("tz") or "UTC")

    @property
    def superuser(self) -> bool:
        """Whether access rights are not asked."""
        return self.uid == SUPERUSER or bool(self.ctx.get("_sudo"))

    @cached_property
    def companies(self) -> list[int]:
        """The companies records may belong to: the context's, or else all of the user's."""
        asked = self.ctx.get("allowed_company_ids")
        own = self.user.get("company_ids") or []
        if asked is None:
            return list(own)
        if not self.superuser and not set(asked) <= set(own):
            raise AccessError("Access to unauthorized or invalid companies.")
        return list(asked) or list(own)

    @property
    def company(self) -> int:
        """The company new records belong to."""
        asked = self.ctx.get("allowed_company_ids")
        return int(asked[0]) if asked else int(self.user["company_id"])

    def check_context(self) -> None:
        """Refuse a language that is not installed and companies that are not the user's."""
        lang = self.ctx.get("lang")
        if lang and not any(r["code"] == lang and r["active"] for r in self.store.tables["res.lang"].rows.values()):
            raise UserError(f"Invalid language code: {lang}")
        if "allowed_company_ids" in self.ctx:
            _ = self.companies

    def in_groups(self, *names: str) -> bool:
        """Whether the user has one of the groups (external ids)."""
        if self.superuser:
            return True
        own = self.registry.groups_of(self.user)
        return any(name in own for name in names)

    def sudo(self, **context: Any) -> Env:
        """The same transaction without access checks, with more context."""
        return self.with_context(_sudo=True, **context)

    def with_context(self, **more: Any) -> Env:
        """The same transaction with more context."""
        return Env(
            self.store,
            self.registry,
            self.uid,
            self.now,
            self.began,
            {**self.ctx, **more},
            self.undo,
            self.happened,
            self.hooks,
            self.touched,
        )

    def effect(self, kind: str, key: str, data: dict[str, Any], idempotency_key: str = "") -> None:
        """Something became true, if this transaction commits."""
        self.happened.append(Happened(kind, key, data, idempotency_key))
