"""JSON Schemas for editors: valid schemas, accepting what check accepts, with the options of what is installed."""

from __future__ import annotations

import json

import pytest

from crossdock.landscape.catalogue import Installed
from crossdock.landscape.document import parse
from crossdock.landscape.files import FOLDERS, SINGLE
from crossdock.landscape.schemas import NAMES, schema, schema_comment, write_schemas
from crossdock.landscape.starter import start
from tests.landscape.conftest import SOUND, TestCatalogue

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed; it only checks the schemas in this test")


@pytest.mark.parametrize("kind", [*SINGLE, *FOLDERS])
def test_a_schema_is_valid_and_closed(kind: str) -> None:
    made = schema(kind, Installed())
    jsonschema.Draft202012Validator.check_schema(made)
    assert made.get("additionalProperties") is False or kind == "calendars.yaml"


@pytest.mark.parametrize("file", SOUND)
def test_what_check_accepts_the_schema_accepts(file: str) -> None:
    kind = file.partition("/")[0]
    content = json.loads(json.dumps(parse(SOUND[file].encode(), file).value, default=float))
    jsonschema.validate(content, schema(kind, TestCatalogue()))


def test_options_are_those_of_the_chosen_connector() -> None:
    made = schema("systems", TestCatalogue())
    jsonschema.validate({"kind": "shopkit", "options": {"page": 3}}, made)
    jsonschema.validate({"kind": "unheard-of", "options": {"anything": 1}}, made)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": "shopkit", "options": {"pge": 3}}, made)


def test_a_new_landscape_points_to_its_schemas(tmp_path) -> None:
    root = start(tmp_path / "hub").root
    for path in root.rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == schema_comment(path.relative_to(root).as_posix())
        assert (path.parent / first.partition("$schema=")[2]).resolve().is_file(), path


def test_every_kind_is_written(tmp_path) -> None:
    assert {path.name for path in write_schemas(tmp_path, TestCatalogue())} == {f"{name}.json" for name in NAMES.values()}
