"""The overlay language as it is written in YAML: what a field is made of, under which condition; pure declaration, checked when loaded."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from crossdock.overlay.paths import PathCompiler, compile_path
from crossdock.overlay.steps import AnyStep
from crossdock.overlay.strict import Options

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


PATHS = "paths"
"""The key of the validation context under which the compiler of other paths than JSON's is given."""


def _compiler(info: ValidationInfo) -> PathCompiler:
    given: PathCompiler = (info.context or {}).get(PATHS, compile_path)
    return given


def _path(value: str, info: ValidationInfo) -> str:
    _compiler(info)(value)
    return value


def _template(value: str, info: ValidationInfo) -> str:
    for path in PLACEHOLDER.findall(value):
        _compiler(info)(path)
    if any(sign in PLACEHOLDER.sub("", value) for sign in "{}"):
        raise ValueError(f"unbalanced braces in {value!r}")
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


PathText = Annotated[str, AfterValidator(_path)]
TemplateText = Annotated[str, AfterValidator(_template)]


class Condition(Options):
    """Holds when every test given holds. `present` tests that there is a value; values are compared as text, so 1 and "1" are equal."""

    path: PathText
    equals: str | int | bool | None = None
    not_equals: str | int | bool | None = None
    one_of: Annotated[list[str | int | bool], Field(min_length=1)] | None = None
    none_of: Annotated[list[str | int | bool], Field(min_length=1)] | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _tests(self) -> Condition:
        if self.model_fields_set == {"path"}:
            raise ValueError("a condition needs equals, not_equals, one_of, none_of or present")
        return self


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(_listed)]


class Concat(Options):
    """Values joined by `with`; what is missing is left out."""

    of: Annotated[list[PathText], Field(min_length=1)]
    glue: Annotated[str, Field(alias="with")] = " "


class FieldRule(Options):
    """Where one target field comes from, and through which steps.

    Exactly one source: `from` (a path, or several of which the first present counts), `const`, `template`, `concat`, or `each` (a list:
    with `fields` a list of objects, with `value` a list of values). `default` is taken when there is no value; `required` makes that an
    error; `when` leaves the field out unless it holds, and inside `each` chooses the elements.
    """

    source: Annotated[
        list[PathText] | None, Field(alias="from"), BeforeValidator(lambda v: None if v is None else _listed(v))
    ] = None
    const: Any = None
    template: TemplateText | None = None
    concat: Concat | None = None
    each: PathText | None = None
    fields: dict[str, FieldRule] | None = None
    value: FieldRule | None = None
    steps: Annotated[tuple[AnyStep, ...], Field(alias="as"), BeforeValidator(_listed)] = ()
    default: Any = None
    required: bool = False
    when: Conditions = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> FieldRule:
        named = {"from": "source", "const": "const", "template": "template", "concat": "concat", "each": "each"}
        given = [name for name, field in named.items() if field in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(
                f"a field needs exactly one of from, const, template, concat, each; it has {', '.join(given) or 'none'}"
            )
        if (self.each is not None) != ((self.fields is None) != (self.value is None)):
            raise ValueError("`each` goes with either `fields` or `value`, and only with them")
        if "const" in given and (self.steps or self.required or self.default is not None):
            raise ValueError("`const` takes no steps, default or required")
        return self


Fields = dict[str, FieldRule]
