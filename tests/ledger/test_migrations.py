"""Migrations bring any ledger to the schema the models describe, on both dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.database import LedgerLocation, LedgerUrlInvalid, configure, migrate
from crossdock.ledger.store import Store


def test_the_schema_is_the_one_the_models_describe(empty_ledger_url: str) -> None:
    from django.apps import apps
    from django.db import connections

    location = LedgerLocation.parse(empty_ledger_url)
    migrate(location)
    alias = configure(location)
    try:
        with connections[alias].cursor() as cursor:
            inspection = connections[alias].introspection
            tables = set(inspection.table_names(cursor))
            for model in apps.get_app_config("ledger").get_models():
                table = model._meta.db_table
                assert table in tables
                found = {column.name for column in inspection.get_table_description(cursor, table)}
                assert found == {field.column for field in model._meta.local_concrete_fields}
    finally:
        connections.close_all()


def test_nothing_is_missing_in_the_migrations(location: LedgerLocation) -> None:
    from django.core.management import call_command

    configure(location)
    call_command("makemigrations", "ledger", check=True, dry_run=True, verbosity=0)


def test_migrating_again_changes_nothing_and_keeps_what_is_there(location: LedgerLocation, store: Store) -> None:
    row = (1, "v", "s", "k")
    store.work.run(lambda s: s.insert("ledger_reference", ("id", "value", "scheme", "key"), [row]))
    migrate(location)
    assert store.read.run(lambda s: s.rows("SELECT id, value, scheme, key FROM ledger_reference")) == [row]


def test_two_workers_may_start_on_an_empty_ledger_at_the_same_time(empty_ledger_url: str) -> None:
    import os
    import subprocess
    import sys

    code = "import sys; from crossdock.ledger.database import *; migrate(LedgerLocation.parse(sys.argv[1]))"
    root = Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
    both = [
        subprocess.Popen([sys.executable, "-c", code, empty_ledger_url], stderr=subprocess.PIPE, env=environment, text=True)
        for _ in range(2)
    ]
    ended = [(each.communicate(timeout=60)[1], each.returncode) for each in both]
    assert [code for _, code in ended] == [0, 0], ended


def test_a_ledger_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable):
        migrate(LedgerLocation.parse("postgresql://nobody@127.0.0.1:1/none"))
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable):
        migrate(LedgerLocation.parse(f"sqlite:///{tmp_path}/file/ledger.sqlite3"))


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "postgresql://host", "ledger.sqlite3"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(LedgerUrlInvalid):
        LedgerLocation.parse(url)


def test_a_location_never_shows_its_password() -> None:
    location = LedgerLocation.parse("postgresql://hub:s%40cret@db:5433/ledger?sslmode=require")
    assert "cret" not in repr(location)
    assert location.conninfo() == {
        "dbname": "ledger", "port": 5433, "sslmode": "require", "host": "db", "user": "hub", "password": "s@cret",
    }  # fmt: skip
