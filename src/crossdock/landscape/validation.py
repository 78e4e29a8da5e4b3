"""Turns one document into its model, and Pydantic's complaints into findings with place, did-you-mean and what the setting is for."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from crossdock.landscape.document import Document, Path
from crossdock.landscape.findings import Finding, did_you_mean

M = TypeVar("M", bound=BaseModel)


def _models(annotation: Any) -> list[Any]:
    """The alternatives an annotation allows, without `Annotated` and `None`."""
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [each for part in get_args(annotation) for each in _models(part)]
    return [annotation]


def _inside(annotation: Any, step: str | int) -> list[Any]:
    """What stands under key or index `step` of a value of this type."""
    found: list[Any] = []
    for each in _models(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            if "root" in each.model_fields:
                found += _inside(each.model_fields["root"].annotation, step)
            elif step in each.model_fields:
                found.append(each.model_fields[str(step)].annotation)
        elif get_origin(each) is dict:
            found.append(get_args(each)[1])
        elif get_origin(each) in (tuple, list) and isinstance(step, int):
            found.append(get_args(each)[0])
    return found


def known_keys(model: type[BaseModel], path: Path) -> dict[str, str]:
    """The settings that exist at `path` of a file of this kind, with their descriptions."""
    at: list[Any] = [model]
    for step in path:
        at = [inner for each in at for inner in _inside(each, step)]
    return {
        name: info.description or ""
        for each in at
        for one in _models(each)
        if isinstance(one, type) and issubclass(one, BaseModel)
        for name, info in one.model_fields.items()
    }


def _purpose(model: type[BaseModel], path: Path) -> str:
    """The description of the nearest documented setting at or above `path`."""
    for end in range(len(path), 0, -1):
        step = path[end - 1]
        if isinstance(step, str) and (words := known_keys(model, path[: end - 1]).get(step)):
            return f"{step}: {words}"
    return ""


def _written(document: Document, location: tuple[str | int, ...]) -> Path:
    """The part of Pydantic's error location that is written in the file (it adds names of alternatives)."""
    path: Path = ()
    for step in location:
        if (*path, step) not in document.places:
            break
        path = (*path, step)
    return path


def _finding(document: Document, model: type[BaseModel], error: Mapping[str, Any]) -> Finding:
    location = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        parent, key = location[:-1], str(location[-1])
        return document.finding(
            "unknown-key",
            f"{key!r} is not a setting of {'this block' if parent else 'this file'}",
            did_you_mean(key, known_keys(model, parent)),
            path=_written(document, location),
        )
    if error["type"] == "missing":
        return document.finding(
            "missing-key", f"{location[-1]!r} is missing", _purpose(model, location), path=_written(document, location)
        )
    message = str(error["msg"]).removeprefix("Value error, ")
    name = ".".join(str(step) for step in location if step != "[key]")
    return document.finding(
        "bad-value", f"{name}: {message}" if name else message, _purpose(model, location), path=_written(document, location)
    )


def _without(value: Any, paths: list[Path]) -> Any:
    """A copy of `value` without what stands at these paths."""
    here = {path[0] for path in paths if len(path) == 1}
    deeper: dict[str | int, list[Path]] = {}
    for path in paths:
        if len(path) > 1:
            deeper.setdefault(path[0], []).append(path[1:])
    if isinstance(value, dict):
        return {k: _without(v, deeper[k]) if k in deeper else v for k, v in value.items() if k not in here}
    if isinstance(value, list):
        return [_without(v, deeper[i]) if i in deeper else v for i, v in enumerate(value) if i not in here]
    return value


def validate(document: Document, model: type[M], name: str | None, value: Any = None) -> M | None:
    """The document as `model`; what is wrong goes to `document.findings`.

    `name` is given to files that do not name themselves. `value` replaces the document's own values (after interpolation).
    A file with errors still becomes a model without the faulty settings where that is possible, so that the other checks can go on
    and everything is found in one run; such a model is never used for running (`document.sound` is false).
    """
    content = document.value if value is None else value
    if not document.complete:
        return None
    if not isinstance(content, dict):
        if document.sound:
            document.findings.append(document.finding("not-a-mapping", "the file has no settings", "Write `key: value` lines."))
        return None
    if name is not None and content.get("name") is None:
        content = {**content, "name": name}
    for _ in range(4):
        try:
            return model.model_validate(content)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
            document.findings += [
                each for each in (_finding(document, model, item) for item in wrong) if each not in document.findings
            ]
            faulty = [path for path in (_written(document, tuple(item["loc"])) for item in wrong) if path]
            if not faulty:
                return None
            content = _without(content, faulty)
    return None
