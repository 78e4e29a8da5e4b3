"""A schema registry by the rules of the Confluent REST API (v1): subjects, versions, compatibility; knows no socket.

Source: Confluent Schema Registry API reference, "Subjects", "Schemas", "Compatibility", "Config"; error codes 40401, 40402, 40403, 409,
42201 to 42203. The events of the hub are subjects from the start; they change with its release only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crossdock.backbone.errors import RegistryRefused
from crossdock.backbone.schemas import subject, whole_schema
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.schema import breaks

LEVELS: Final = ("NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE")


def _text(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


def faults(level: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why `new` may not follow `old`. BACKWARD: readers of the new schema read what is stored; FORWARD: readers of the old one read what
    will be written; FULL: both."""
    who = {"BACKWARD": {"stored"}, "FORWARD": {"reader"}, "FULL": {"stored", "reader"}}.get(
        level.removesuffix("_TRANSITIVE"), set()
    )
    # another type, format or pattern is another value for both: who reads new documents and who reads stored ones
    return [
        f"{each.path or 'the document'} {each.message}"
        for each in breaks(old, new)
        if each.who in who or (who and each.message.startswith("has another "))
    ]


class Registry:
    """Subjects with their versions. With `path` what others register is kept in that file."""

    def __init__(self, topic: str = "crossdock.{event}", path: Path | None = None) -> None:
        self._path = path
        self._own = {subject(topic.replace("{event}", event)): event for event in EVENT_PAYLOADS}
        self._subjects: dict[str, list[dict[str, Any]]] = {}
        self._levels: dict[str, str] = {"": "FULL"}
        self._ids: dict[str, int] = {}
        for name, event in sorted(self._own.items()):
            self._add(name, whole_schema(event))
        if path is not None and path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._levels |= kept["levels"]
            for name, schemas in kept["subjects"].items():
                for schema in schemas:
                    self._add(name, schema)

    def answer(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """The API: status and JSON value of one request; refusals are answers."""
        try:
            return 200, self._answer(method, [part for part in path.partition("?")[0].split("/") if part], body)
        except RegistryRefused as error:
            return int(str(error.error_code)[:3]), {"error_code": error.error_code, "message": error.message}

    def _answer(self, method: str, parts: list[str], body: bytes) -> Any:
        match method, parts:
            case "GET", []:
                return {}
            case "GET", ["subjects"]:
                return sorted(self._subjects)
            case "GET", ["schemas", "types"]:
                return ["JSON"]
            case "GET", ["schemas", "ids", number]:
                for text, known in self._ids.items():
                    if str(known) == number:
                        return {"schemaType": "JSON", "schema": text}
                raise RegistryRefused(40403, "Schema not found")
            case "GET", ["subjects", name, "versions"]:
                return list(range(1, len(self._versions(name)) + 1))
            case "GET", ["subjects", name, "versions", version]:
                return self._described(name, self._numbered(name, version))
            case "GET", ["subjects", name, "versions", version, "schema"]:
                return self._versions(name)[self._numbered(name, version) - 1]
            case "POST", ["subjects", name, "versions"]:
                return {"id": self._register(name, self._schema(body))}
            case "POST", ["subjects", name]:
                return self._described(name, self._known(name, self._schema(body)))
            case "POST", ["compatibility", "subjects", name, "versions", *version]:
                return self._judged(name, version[0] if version else "", self._schema(body))
            case "GET", ["config", *name]:
                return {"compatibilityLevel": self._level(name[0] if name else "")}
            case "PUT", ["config", *name]:
                return {"compatibility": self._set_level(name[0] if name else "", body)}
            case "GET", ["mode", *_]:
                return {"mode": "READWRITE"}
        raise RegistryRefused(404, "HTTP 404 Not Found")

    def _add(self, name: str, schema: dict[str, Any]) -> int:
        self._subjects.setdefault(name, []).append(schema)
        return self._ids.setdefault(_text(schema), len(self._ids) + 1)

    def _versions(self, name: str) -> list[dict[str, Any]]:
        if name not in self._subjects:
            raise RegistryRefused(40401, f"Subject '{name}' not found.")
        return self._subjects[name]

    def _numbered(self, name: str, version: str) -> int:
        count = len(self._versions(name))
        if version in ("latest", "-1"):
            return count
        if not version.isascii() or not version.isdigit() or int(version) < 1:
            raise RegistryRefused(42202, f"The specified version '{version}' is not a valid version id.")
        if int(version) > count:
            raise RegistryRefused(40402, f"Version {version} not found.")
        return int(version)

    def _described(self, name: str, version: int) -> dict[str, Any]:
        text = _text(self._subjects[name][version - 1])
        return {"subject": name, "id": self._ids[text], "version": version, "schemaType": "JSON", "schema": text}

    def _schema(self, body: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(body)
            kind, schema = asked.get("schemaType", "AVRO"), json.loads(asked["schema"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise RegistryRefused(42201, "Invalid schema: a JSON object with `schema` and `schemaType` is expected") from None
        if kind != "JSON" or not isinstance(schema, dict):
            raise RegistryRefused(42201, f"Invalid schema: type {kind} is not kept here, JSON is")
        return schema

    def _known(self, name: str, schema: dict[str, Any]) -> int:
        for version, each in enumerate(self._versions(name), start=1):
            if _text(each) == _text(schema):
                return version
        raise RegistryRefused(40403, "Schema not found")

    def _level(self, name: str) -> str:
        return self._levels.get(name) or self._levels[""]

    def _set_level(self, name: str, body: bytes) -> str:
        try:
            wanted = json.loads(body)["compatibility"]
        except (ValueError, KeyError, TypeError):
            wanted = None
        if wanted not in LEVELS:
            raise RegistryRefused(42203, "Invalid compatibility level")
        if name in self._own:
            raise RegistryRefused(42205, f"Subject {name} is the hub's own and stays FULL.")
        self._levels[name] = wanted
        self._keep()
        return str(wanted)

    def _against(self, name: str, version: str, level: str) -> list[dict[str, Any]]:
        known = self._subjects.get(name, [])
        if version:
            return [known[self._numbered(name, version) - 1]]
        return known if level.endswith("_TRANSITIVE") else known[-1:]

    def _judged(self, name: str, version: str, schema: dict[str, Any]) -> dict[str, Any]:
        self._versions(name)
        level = self._level(name)
        found = self._faults(level, self._against(name, version, level), schema)
        return {"is_compatible": not found} | ({"messages": found} if found else {})

    def _faults(self, level: str, earlier: list[dict[str, Any]], schema: dict[str, Any]) -> list[str]:
        try:
            return [fault for each in earlier for fault in faults(level, each, schema)]
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
            raise RegistryRefused(42201, "Invalid schema: it cannot be compared") from None

    def _register(self, name: str, schema: dict[str, Any]) -> int:
        for each in self._subjects.get(name, ()):
            if _text(each) == _text(schema):
                return self._ids[_text(schema)]
        if name in self._own:
            raise RegistryRefused(42205, f"Subject {name} is the hub's own; it changes with its release.")
        level = self._level(name)
        found = self._faults(level, self._against(name, "", level), schema)
        if found:
            raise RegistryRefused(409, f"Schema being registered is incompatible with an earlier schema: {'; '.join(found)}")
        number = self._add(name, schema)
        self._keep()
        return number

    def _keep(self) -> None:
        if self._path is None:
            return
        others = {name: schemas for name, schemas in self._subjects.items() if name not in self._own}
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({"levels": self._levels, "subjects": others}), encoding="utf-8")
        os.replace(beside, self._path)
