"""Cuts the matrix given to `load` into records and converts its cells; saves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crossdock.simulators.odoo.schema import Field, Row
from crossdock.simulators.odoo.values import STAMP, parsed

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

Xid = tuple[str, str]


class Rejected(Exception):
    """A cell that cannot be converted: the message and what else the server tells about it."""

    def __init__(self, message: str, moreinfo: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.moreinfo = moreinfo


@dataclass(slots=True)
class Extracted:
    """One record cut out of the matrix: its raw cells and the rows it came from (0-based, inclusive)."""

    cells: Row
    first: int
    last: int


@dataclass(slots=True)
class Loading:
    """One call of `load`."""

    model: Model
    env: Env
    messages: list[Row] = field(default_factory=list)
    xids: set[Xid] = field(default_factory=set)

    # Cut the matrix into records -------------------------------------------------------------------

    def extract(self, model: Model, paths: list[list[str]], data: list[list[Any]]) -> Iterator[Extracted]:
        """Records of the matrix; rows that fill only one2many columns belong to the record above."""
        many = [len(p) > 1 and self._is_many(model, p[0]) for p in paths]
        own = [i for i, m in enumerate(many) if not m]
        lines = [i for i, m in enumerate(many) if m]
        at = 0
        while at < len(data):
            end = at + 1
            while end < len(data) and lines and self._continues(data[end], own, lines):
                end += 1
            row = data[at]
            cells: Row = {}
            for i in own:
                name, value = paths[i][0], (row[i] if i < len(row) else "")
                if len(paths[i]) == 1:
                    cells[name] = value
                else:
                    cells.setdefault(name, {})[paths[i][1]] = value
            for name in dict.fromkeys(paths[i][0] for i in lines):
                columns = [i for i in lines if paths[i][0] == name]
                sub = [[r[i] if i < len(r) else "" for i in columns] for r in data[at:end]]
                sub = [r for r in sub if any(c not in ("", None, False) for c in r)]
                comodel = self.env[model.fields[name].comodel]
                cells[name] = [e.cells for e in self.extract(comodel, [paths[i][1:] for i in columns], sub)]
            yield Extracted(cells, at, end - 1)
            at = end

    def _is_many(self, model: Model, name: str) -> bool:
        return name in model.fields and model.fields[name].type == "one2many"

    def _continues(self, row: list[Any], own: list[int], lines: list[int]) -> bool:
        empty = all(row[i] in ("", None, False) for i in own if i < len(row))
        return empty and any(row[i] not in ("", None, False) for i in lines if i < len(row))

    # Convert cells ---------------------------------------------------------------------------------

    def convert(self, model: Model, cells: Row, log: Any) -> Row:
        """Wire values of one record; what cannot be converted is logged and left out."""
        vals: Row = {}
        for name, value in cells.items():
            if name in ("id", ".id"):
                continue
            f = model.fields[name]
            try:
                vals[name] = self._cell(model, name, f, value, log)
            except Rejected as problem:
                log("error", name, problem.message.replace("%(field)s", f.string), problem.moreinfo, f.string)
        return vals

    def _cell(self, model: Model, name: str, f: Field, value: Any, log: Any) -> Any:
        if isinstance(value, dict):
            form, cell = next(iter(value.items()))
            return self._reference(f, form, cell, log, name) if cell not in ("", None, False) else False
        if value in ("", None) or value is False:
            return False
        if f.type == "one2many":
            return [c for cells in value for c in self._line(f, cells, log)]
        if f.type == "many2one":
            return self._reference(f, "", value, log, name)
        if f.type == "many2many":
            return [[6, 0, [self._reference(f, "", part, log, name) for part in str(value).split(",")]]]
        return self._scalar(f, value)

    def _scalar(self, f: Field, value: Any) -> Any:
        if f.type in ("float", "monetary", "integer"):
            try:
                return int(value) if f.type == "integer" else float(value)
            except (TypeError, ValueError) as problem:
                kind = "an integer" if f.type == "integer" else "a number"
                raise Rejected(f"'{value}' does not seem to be {kind} for field '%(field)s'") from problem
        text = str(value)
        if f.type == "boolean":
            if text.lower() in ("1", "true", "yes"):
                return True
            if text.lower() in ("0", "false", "no"):
                return False
            raise Rejected(f"Unknown value '{text}' for boolean field '%(field)s'", "Use '1' for yes and '0' for no")
        if f.type == "selection":
            for key, label in f.selection:
                if text in (key, label):
                    return key
            raise Rejected(f"Value '{text}' not found in selection field '%(field)s'", [label for _, label in f.selection])
        if f.type == "datetime":
            return self._moment(text)
        if f.type == "date":
            try:
                return parsed(text, "%Y-%m-%d").strftime("%Y-%m-%d")
            except ValueError as problem:
                raise Rejected(
                    f"'{text}' does not seem to be a valid date for field '%(field)s'", "Use the format '2012-12-31'"
                ) from problem
        return text

    def _moment(self, text: str) -> str:
        try:
            local = parsed(text, STAMP)
        except ValueError as problem:
            raise Rejected(
                f"'{text}' does not seem to be a valid datetime for field '%(field)s'",
                "Use the format '2012-12-31 23:59:59'",
            ) from problem
        return local.replace(tzinfo=ZoneInfo(self.env.tz)).astimezone(UTC).strftime(STAMP)

    def _reference(self, f: Field, form: str, cell: Any, log: Any, name: str) -> Any:
        if f.type == "many2many" and form:
            return [[6, 0, [self._target(f, form, part, log, name) for part in str(cell).split(",")]]]
        return self._target(f, form, cell, log, name)

    def _target(self, f: Field, form: str, cell: Any, log: Any, name: str) -> int:
        comodel, text = self.env[f.comodel], str(cell)
        if form == ".id":
            if text.isdigit() and int(text) in comodel.rows(self.env):
                return int(text)
            raise Rejected(f"No matching record found for database id '{text}' in field '%(field)s'", _possible(f, True))
        if form == "id":
            found = self.env.store.xids.get(split(text))
            if found is not None and found.model == f.comodel and found.record in comodel.rows(self.env):
                return found.record
            raise Rejected(f"No matching record found for external id '{text}' in field '%(field)s'", _possible(f, True))
        matches = [i for i, r in comodel.rows(self.env).items() if comodel.display(self.env, r) == text]
        if not matches:
            matches = [i for i, r in comodel.rows(self.env).items() if r.get(comodel.rec_name) == text]
        if not matches:
            raise Rejected(f"No matching record found for name '{text}' in field '%(field)s'", _possible(f))
        if len(matches) > 1:
            log(
                "warning",
                name,
                f'Found multiple matches for value "{text}" in field "{f.string}" ({len(matches)} matches)',
                None,
                f.string,
            )
        return matches[0]

    def _line(self, f: Field, cells: Row, log: Any) -> list[list[Any]]:
        comodel = self.env[f.comodel]
        vals = self.convert(comodel, cells, log)
        if cells.get(".id"):
            return [[4, int(cells[".id"]), 0], [1, int(cells[".id"]), vals]]
        if not cells.get("id"):
            return [[0, 0, vals]]
        xid = split(str(cells["id"]))
        self.xids.add(xid)
        found = self.env.store.xids.get(xid)
        if found is not None and found.record in comodel.rows(self.env):
            return [[4, found.record, 0], [1, found.record, vals]]
        return [[0, 0, {**vals, "_xid": xid}]]


def split(text: str) -> Xid:
    """Module and name; without a module it is `__import__`."""
    module, dot, name = text.partition(".")
    return (module, name) if dot else ("__import__", text)


def _possible(f: Field, by_xid: bool = False) -> Row:
    action: Row = {
        "name": "Possible Values",
        "type": "ir.actions.act_window",
        "target": "new",
        "view_mode": "list,form",
        "views": [[False, "list"], [False, "form"]],
        "context": {"create": False},
        "help": "See all possible values",
        "res_model": "ir.model.data" if by_xid else f.comodel,
    }
    return {**action, "domain": [["model", "=", f.comodel]]} if by_xid else action
