"""The simulated database: tables of rows, indexes, external ids, sequences; knows no business rules.

Python dictionaries stand for tables. Sequences and record ids are not given back on rollback, as in
PostgreSQL. `commits` counts committed transactions: a call that began at an older count ran at the same
time as what was committed since, which is how races are decided.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crossdock.simulators.odoo.schema import Row, Undo


@dataclass(slots=True)
class Table:
    """The rows of one model, by id, in order of creation."""

    name: str
    rows: dict[int, Row] = field(default_factory=dict)
    indexes: dict[str, dict[Any, dict[int, None]]] = field(default_factory=dict)
    last_id: int = 0

    def next_id(self) -> int:
        """A new id, never given twice."""
        self.last_id += 1
        return self.last_id

    def index(self, key: str) -> None:
        """Keep the ids per value of `key` from now on."""
        if key not in self.indexes:
            index: dict[Any, dict[int, None]] = defaultdict(dict)
            for id_, row in self.rows.items():
                index[row.get(key, False)][id_] = None
            self.indexes[key] = index

    def insert(self, row: Row, undo: Undo) -> None:
        """Add a row (its id is in it)."""
        id_ = row["id"]
        self.rows[id_] = row
        for key, index in self.indexes.items():
            index[row.get(key, False)][id_] = None
        undo.add(self._remove, id_)

    def change(self, row: Row, key: str, value: Any, undo: Undo) -> None:
        """Set one value of a row."""
        old = row.get(key, False)
        self._put(row, key, value)
        undo.add(self._put, row, key, old)

    def delete(self, id_: int, undo: Undo) -> None:
        """Remove a row."""
        undo.add(self._restore, self.rows[id_])
        self._remove(id_)

    def _put(self, row: Row, key: str, value: Any) -> None:
        index = self.indexes.get(key)
        if index is not None:
            index[row.get(key, False)].pop(row["id"], None)
            index[value][row["id"]] = None
        row[key] = value

    def _remove(self, id_: int) -> None:
        row = self.rows.pop(id_)
        for key, index in self.indexes.items():
            index[row.get(key, False)].pop(id_, None)

    def _restore(self, row: Row) -> None:
        self.rows[row["id"]] = row
        for key, index in self.indexes.items():
            index[row.get(key, False)][row["id"]] = None


@dataclass(slots=True)
class ExternalId:
    """One row of ir_model_data. `seq` is the commit that wrote it."""

    model: str
    record: int
    noupdate: bool
    seq: int


class Store:
    """All tables of one database."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.xids: dict[tuple[str, str], ExternalId] = {}
        self.xids_of: dict[tuple[str, int], dict[tuple[str, str], None]] = defaultdict(dict)
        self.sequences: dict[str, int] = defaultdict(int)
        self.commits = 0
        self.touched: dict[tuple[str, Any], int] = {}

    def table(self, name: str) -> Table:
        """The table of a model, made on first use."""
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = Table(name)
        return found

    def next(self, sequence: str, prefix: str, width: int = 5) -> str:
        """The next number of a sequence, as text; gaps appear when a transaction fails."""
        self.sequences[sequence] += 1
        return f"{prefix}{self.sequences[sequence]:0{width}d}"

    def set_xid(self, xid: tuple[str, str], target: ExternalId, undo: Undo) -> None:
        """Bind an external id."""
        old = self.xids.get(xid)
        self.xids[xid] = target
        self.xids_of[(target.model, target.record)][xid] = None
        undo.add(self._restore_xid, xid, target, old)

    def drop_xids(self, model: str, record: int, undo: Undo) -> None:
        """Forget the external ids of a deleted record."""
        for xid in list(self.xids_of.pop((model, record), ())):
            target = self.xids.pop(xid)
            undo.add(self._rebind, xid, target)

    def _rebind(self, xid: tuple[str, str], target: ExternalId) -> None:
        self.xids[xid] = target
        self.xids_of[(target.model, target.record)][xid] = None

    def _restore_xid(self, xid: tuple[str, str], target: ExternalId, old: ExternalId | None) -> None:
        self.xids_of[(target.model, target.record)].pop(xid, None)
        if old is None:
            self.xids.pop(xid, None)
        else:
            self._rebind(xid, old)

    def touch(self, keys: Iterable[tuple[str, Any]]) -> None:
        """Mark things as written by the transaction that commits now."""
        for key in keys:
            self.touched[key] = self.commits

    def overlapped(self, key: tuple[str, Any], since: int) -> bool:
        """Whether a transaction that committed after `since` wrote this."""
        return self.touched.get(key, -1) > since


def utc_text(epoch: float | None = None) -> str:
    """A moment as PostgreSQL keeps it: UTC, microseconds, no zone."""
    moment = datetime.fromtimestamp(time.time() if epoch is None else epoch, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
