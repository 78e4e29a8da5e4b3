"""One transaction on the ledger in either SQL dialect: set-based reads, inserts, updates and upserts; knows no table's meaning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

Row = tuple[Any, ...]
_LARGEST_CHUNK = 64
COUNTERS = frozenset({"occurrences"})
"""Columns an upsert raises by one instead of overwriting."""


@lru_cache(maxsize=512)
def _percent(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


@lru_cache(maxsize=512)
def _marks(count: int) -> str:
    return "(" + ",".join("?" * count) + ")"


class TableTypes:
    """PostgreSQL array types of every column, taken from the models once."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._types: dict[str, dict[str, str]] = {}

    def of(self, table: str) -> dict[str, str]:
        if not self._types:
            from django.apps import apps
            from django.db import connections

            connection = connections[self._alias]
            for model in apps.get_app_config("ledger").get_models():
                fields = model._meta.local_concrete_fields
                self._types[model._meta.db_table] = {f.column: str(f.db_type(connection)).split(" GENERATED")[0] for f in fields}
        return self._types[table]


class Session(ABC):
    """Statements inside one open transaction. SQL is written with `?` marks; `{in}` stands for membership in the last argument."""

    vendor = ""

    @abstractmethod
    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""

    @abstractmethod
    def rows_in(self, sql: str, values: Sequence[Any], args: Sequence[Any] = ()) -> list[Row]:
        """Rows of a query whose `{in}` matches any of `values`; values are passed in chunks."""

    @abstractmethod
    def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run one statement; the number of rows it touched."""

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], ignore: str = "") -> list[int]:
        """Insert rows whose first column is `id`; with `ignore` (a unique column) existing ones are left alone.

        Returns the ids that were really inserted when `ignore` is given, else an empty list.
        """

    @abstractmethod
    def update(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], match: Sequence[str] = ("id",), only: str = ""
    ) -> int:
        """Update `columns` of the rows found by `match` (and the condition `only`); each row holds the match values first.

        Of several with the same match values the last one counts, as if they were written one after the other. Returns the rows touched.
        """

    @abstractmethod
    def upsert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], unique: Sequence[str], change: Sequence[str]
    ) -> None:
        """Insert rows; where `unique` columns collide, overwrite the `change` columns."""


class SqliteSession(Session):
    """Statements on sqlite3."""

    vendor = "sqlite"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return list(self._connection.execute(sql, args))

    def rows_in(self, sql: str, values: Sequence[Any], args: Sequence[Any] = ()) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(values), 900):
            chunk = values[start : start + 900]
            found += self._connection.execute(sql.replace("{in}", " IN " + _marks(len(chunk))), (*args, *chunk))
        return found

    def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return int(self._connection.execute(sql, args).rowcount)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], ignore: str = "") -> list[int]:
        if not rows:
            return []
        head = f"INSERT INTO {table} ({_names(columns)}) VALUES "
        if not ignore:
            self._values(head, "", rows)
            return []
        inserted = self._values(head, f" ON CONFLICT ({ignore}) DO NOTHING", rows)
        ids = [row[0] for row in rows]
        if inserted == len(ids):
            return ids
        return [r[0] for r in self.rows_in(f"SELECT id FROM {table} WHERE id {{in}}", ids)]

    def update(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], match: Sequence[str] = ("id",), only: str = ""
    ) -> int:
        if not rows:
            return 0
        rows = _last_words(rows, len(match))
        assignments = ",".join(f'"{c}"=v.column{len(match) + i + 1}' for i, c in enumerate(columns))
        where = " AND ".join(f't."{c}"=v.column{i + 1}' for i, c in enumerate(match)) + (f" AND t.{only}" if only else "")
        return self._values(f"UPDATE {table} AS t SET {assignments} FROM (VALUES ", f") AS v WHERE {where}", rows)

    def upsert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], unique: Sequence[str], change: Sequence[str]
    ) -> None:
        if rows:
            self._values(f"INSERT INTO {table} ({_names(columns)}) VALUES ", f" {_conflict(table, unique, change)}", rows)

    def _values(self, head: str, tail: str, rows: Sequence[Row]) -> int:
        """Run a statement over many rows, a power of two of them at a time: few texts to prepare, and the interpreter is let go once
        a chunk instead of once a row, which matters when the other thread is busy. Returns the rows touched."""
        touched = start = 0
        marks = _marks(len(rows[0]))
        size = _LARGEST_CHUNK
        while start < len(rows):
            while size > len(rows) - start:
                size //= 2
            chunk = rows[start : start + size]
            statement = head + ",".join([marks] * size) + tail
            touched += self._connection.execute(statement, [value for row in chunk for value in row]).rowcount
            start += size
        return touched


class PostgresqlSession(Session):
    """Statements on psycopg; many rows travel as one array per column."""

    vendor = "postgresql"

    def __init__(self, connection: Any, types: TableTypes) -> None:
        self._connection = connection
        self._types = types

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return list(self._connection.execute(_percent(sql), args).fetchall())

    def rows_in(self, sql: str, values: Sequence[Any], args: Sequence[Any] = ()) -> list[Row]:
        if not values:
            return []
        return list(self._connection.execute(_percent(sql.replace("{in}", " = ANY(?)")), (*args, list(values))).fetchall())

    def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return int(self._connection.execute(_percent(sql), args).rowcount)

    def _rows_as(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, list[Any]]:
        """A SELECT that gives the rows, and its arguments: an array for each column, but one value for a column that says the same
        in all rows. Most do, and writing an array out costs more than all the rest of a statement."""
        types, wanted, arrays, alike = self._types.of(table), [], [], []
        for number, (name, column) in enumerate(zip(columns, zip(*rows, strict=True), strict=True)):
            kind = types[name]
            if number and column.count(column[0]) == len(column):
                wanted.append(f"%b::{kind}")
                alike.append(column[0])
            else:
                wanted.append(f"a.c{number}")
                arrays.append((f"%b::{kind}[]", f"c{number}", list(column)))
        source = f"unnest({','.join(each[0] for each in arrays)}) AS a({','.join(each[1] for each in arrays)})"
        return f"SELECT {','.join(wanted)} FROM {source}", [*alike, *(each[2] for each in arrays)]

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], ignore: str = "") -> list[int]:
        if not rows:
            return []
        source, args = self._rows_as(table, columns, rows)
        sql = f"INSERT INTO {table} ({_names(columns)}) {source}"
        if not ignore:
            self._connection.execute(sql, args)
            return []
        return [r[0] for r in self._connection.execute(f"{sql} ON CONFLICT ({ignore}) DO NOTHING RETURNING id", args).fetchall()]

    def update(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], match: Sequence[str] = ("id",), only: str = ""
    ) -> int:
        if not rows:
            return 0
        names = (*match, *columns)
        source, args = self._rows_as(table, names, _last_words(rows, len(match)))
        # numbered, because a column may be matched and changed
        given = ",".join(f"v{i}" for i in range(len(names)))
        assignments = ",".join(f'"{c}"=v.v{len(match) + i}' for i, c in enumerate(columns))
        where = " AND ".join(f't."{c}"=v.v{i}' for i, c in enumerate(match)) + (f" AND t.{only}" if only else "")
        sql = f"UPDATE {table} t SET {assignments} FROM ({source}) AS v({given}) WHERE {where}"
        return int(self._connection.execute(sql, args).rowcount)

    def upsert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], unique: Sequence[str], change: Sequence[str]
    ) -> None:
        if not rows:
            return
        source, args = self._rows_as(table, columns, rows)
        self._connection.execute(f"INSERT INTO {table} ({_names(columns)}) {source} {_conflict(table, unique, change)}", args)


def _last_words(rows: Sequence[Row], width: int) -> Sequence[Row]:
    """The last row for each match: an UPDATE that joins several would take any of them."""
    return list({row[:width]: row for row in rows}.values())


def _names(columns: Iterable[str]) -> str:
    return ",".join(f'"{c}"' for c in columns)


def _conflict(table: str, unique: Sequence[str], change: Sequence[str]) -> str:
    if not change:
        return f"ON CONFLICT ({_names(unique)}) DO NOTHING"
    sets = (f'"{c}"={table}."{c}"+1' if c in COUNTERS else f'"{c}"=excluded."{c}"' for c in change)
    return f"ON CONFLICT ({_names(unique)}) DO UPDATE SET " + ",".join(sets)
