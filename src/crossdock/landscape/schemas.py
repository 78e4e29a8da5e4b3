"""JSON Schemas of the landscape's files, for editors; options and settings of what is installed included."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from crossdock.landscape.catalogue import Catalogue, NotLoadable
from crossdock.landscape.files import FOLDERS, SINGLE

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NAMES: Final[dict[str, str]] = {
    **{file: file.removesuffix(".yaml") for file in SINGLE},
    "systems": "system",
    "partners": "partner",
    "subscribers": "subscriber",
    "flows": "flow",
    "rules": "rule",
    "value-maps": "value-map",
    "tests": "test",
    "environments": "environment",
}
"""File or folder and the name of its schema."""


def _block_schema(model: type[BaseModel], prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a connector's options or a workflow's settings, its definitions moved to the file's under a prefix."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    definitions.update({f"{prefix}.{name}": inner for name, inner in schema.pop("$defs", {}).items()})
    return schema


def _by_choice(schema: dict[str, Any], choice: str, block: str, installed: dict[str, type[BaseModel]], known: list[str]) -> None:
    """Let the value of `choice` decide what `block` may contain, and offer the known values for completion."""
    definitions = schema.setdefault("$defs", {})
    text = schema["properties"][choice]
    described = {key: text[key] for key in ("description", "title") if key in text}
    schema["properties"][choice] = {**described, "anyOf": [{"enum": known}, {"type": "string"}, {"type": "null"}]}
    schema["allOf"] = [
        {
            "if": {"properties": {choice: {"const": name}}, "required": [choice]},
            "then": {"properties": {block: _block_schema(model, name, definitions)}},
        }
        for name, model in sorted(installed.items())
    ]


def _models(catalogue: Catalogue, names: frozenset[str], load: str, attribute: str) -> dict[str, type[BaseModel]]:
    found = {}
    for name in names:
        try:
            model = getattr(getattr(catalogue, load)(name), attribute, None)
        except NotLoadable:
            continue
        if isinstance(model, type) and issubclass(model, BaseModel):
            found[name] = model
    return found


def schema(kind: str, catalogue: Catalogue) -> dict[str, Any]:
    """The JSON Schema of one kind of file (a folder, or a single file's name)."""
    model = SINGLE.get(kind) or FOLDERS[kind]
    made: dict[str, Any] = model.model_json_schema()
    if kind in FOLDERS:
        made["required"] = [name for name in made.get("required", []) if name != "name"]
    if kind == "systems":
        installed = _models(catalogue, catalogue.connectors(), "connector", "Options")
        _by_choice(made, "kind", "options", installed, sorted(catalogue.connectors()))
    if kind == "flows":
        installed = _models(catalogue, catalogue.processes(), "process", "Settings")
        _by_choice(made, "workflow", "settings", installed, sorted(catalogue.processes()))
    return {"$schema": DIALECT, "$id": f"urn:crossdock:landscape:{NAMES[kind]}", **made}


def write_schemas(folder: Path, catalogue: Catalogue) -> list[Path]:
    """Write every schema into `folder` as `<name>.json` and return the paths."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, name in NAMES.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(schema(kind, catalogue), indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")
        written.append(path)
    return written


def schema_comment(file: str, folder: str = "schemas") -> str:
    """The comment that tells editors which schema a landscape file has, relative to that file."""
    head, _, _ = file.rpartition("/")
    up = "../" * (head.count("/") + 1) if head else ""
    return f"# yaml-language-server: $schema={up}{folder}/{NAMES[head or file]}.json"
