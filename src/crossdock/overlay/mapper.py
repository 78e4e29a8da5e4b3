"""Compiles overlay rules to mappers: built once at start, so that mapping a document costs microseconds; knows no event and no wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from crossdock.core.errors import SchemaInvalid
from crossdock.overlay.codes import ValueMaps
from crossdock.overlay.paths import Inexact, PathCompiler, Reader, Scope, compile_path, exact, plain_key
from crossdock.overlay.rules import PLACEHOLDER, Condition, FieldRule
from crossdock.overlay.steps import Step, compile_step, text
from crossdock.overlay.wrong_field import wrong_field

Problems = list[tuple[str, str]]
Test = Callable[[Any, Scope], bool]
IsText = Callable[[str], bool]
_SUSPECT = frozenset({float, dict, list})


class ObjectMapper:
    """Builds one object. `plain`, `texts` and `stepped` are read straight from the current object, `rules` go through a reader.

    An object of which only constants and defaults are there is left out: a price with a currency and no amount is no price.
    """

    __slots__ = ("children", "consts", "defaults", "plain", "prefix", "rules", "stepped", "texts")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.plain: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.stepped: list[tuple[str, str, tuple[Step, ...]]] = []
        self.rules: list[tuple[str, Reader]] = []
        self.children: list[tuple[str, ObjectMapper]] = []
        self.consts: dict[str, Any] = {}
        self.defaults: dict[str, Any] = {}

    def build(self, node: Any, scope: Scope, problems: Problems) -> dict[str, Any] | None:
        """The object, None when nothing but constants would be in it. Wrong values are added to `problems`, all of them."""
        out: dict[str, Any] = {}
        if type(node) is dict:
            get = node.get
            for target, key in self.texts:
                value = get(key)
                if value is not None:
                    if type(value) is not str:
                        value = self._as_text(target, value, problems)
                    out[target] = value
            for target, key in self.plain:
                value = get(key)
                if value is not None:
                    out[target] = exact(value) if type(value) in _SUSPECT else value
            for target, key, steps in self.stepped:
                value = get(key)
                if value is not None:
                    if type(value) in _SUSPECT:
                        exact(value)
                    try:
                        for step in steps:
                            value = step(value)
                            if value is None:
                                break
                        else:
                            out[target] = value
                    except ValueError as problem:
                        problems.append((f"{self.prefix}{target}", str(problem)))
        for target, rule in self.rules:
            try:
                value = rule(node, scope)
            except ValueError as problem:
                problems.append((f"{self.prefix}{target}", str(problem)))
                continue
            except Nested as nested:
                problems.extend((f"{self.prefix}{target}.{place}", words) for place, words in nested.problems)
                continue
            if value is not None:
                out[target] = value
        for target, child in self.children:
            inner = child.build(node, scope, problems)
            if inner is not None:
                out[target] = inner
        if out or not self.prefix or not (self.plain or self.texts or self.stepped or self.rules or self.children):
            if self.consts:
                out.update(self.consts)
            for target, value in self.defaults.items():
                out.setdefault(target, value)
        return out or None

    def _as_text(self, target: str, value: Any, problems: Problems) -> Any:
        try:
            return text(exact(value))
        except ValueError as problem:
            problems.append((f"{self.prefix}{target}", str(problem)))
            return None


class Nested(Exception):
    """Problems inside the elements of a list, on their way to the object around it."""

    def __init__(self, problems: Problems) -> None:
        super().__init__()
        self.problems = problems


class Mapper:
    """A whole overlay. `is_text` says of a target path that numbers are to be written as text there."""

    def __init__(self, rules: Mapping[str, FieldRule], maps: ValueMaps, is_text: IsText = lambda target: False) -> None:
        self._root = compile_object(rules, maps, is_text, "")

    def __call__(self, document: Any, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The mapped object.

        Raises `Inexact` when the document was decoded with floats, `SchemaInvalid` listing every wrong field, `ValueMapMissing`.
        """
        problems: Problems = []
        mapped = self._root.build(document, Scope(document, meta), problems)
        if problems:
            listed = "; ".join(f"{place}: {words}" for place, words in problems[:5])
            raise SchemaInvalid(listed, problems=[wrong_field(place, words) for place, words in problems])
        return mapped or {}


def compile_object(rules: Mapping[str, FieldRule], maps: ValueMaps, is_text: IsText, prefix: str) -> ObjectMapper:
    """The mapper of an object whose targets may be dotted paths. Raises ValueError when two targets are in each other's way."""
    mapper = ObjectMapper(prefix)
    inner: dict[str, dict[str, FieldRule]] = {}
    for target, rule in rules.items():
        head, _, rest = target.partition(".")
        if rest:
            inner.setdefault(head, {})[rest] = rule
        elif not head:
            raise ValueError(f"{prefix}{target!r} is not a target")
        else:
            _place(mapper, head, rule, maps, is_text)
    for head, nested in inner.items():
        if head in rules:
            raise ValueError(f"{prefix}{head} is both a value and an object")
        mapper.children.append((head, compile_object(nested, maps, is_text, f"{prefix}{head}.")))
    return mapper


def _place(mapper: ObjectMapper, target: str, rule: FieldRule, maps: ValueMaps, is_text: IsText) -> None:
    if "const" in rule.model_fields_set and not rule.when:
        mapper.consts[target] = rule.const
        return
    if rule.default is not None and not rule.when:
        mapper.defaults[target] = rule.default
        rule = rule.model_copy(update={"default": None})
    textual = is_text(f"{mapper.prefix}{target}")
    key = plain_key(rule.source[0]) if rule.source and len(rule.source) == 1 else None
    if key is not None and rule.default is None and not rule.required and not rule.when:
        if rule.steps:
            steps = tuple(compile_step(step, maps) for step in rule.steps)
            mapper.stepped.append((target, key, (*steps, text) if textual else steps))
        else:
            (mapper.texts if textual else mapper.plain).append((target, key))
        return
    mapper.rules.append((target, compile_rule(rule, maps, is_text, f"{mapper.prefix}{target}", textual)))


def compile_rule(
    rule: FieldRule, maps: ValueMaps, is_text: IsText, target: str, textual: bool = False, paths: PathCompiler = compile_path
) -> Reader:
    """The reader of one field with its steps, default and condition. `paths` reads the paths of documents that are not JSON."""
    if rule.each is not None:
        return _guarded(rule, _each(rule, maps, is_text, target), paths)
    read = _source(rule, paths)
    steps: list[Step] = [compile_step(step, maps) for step in rule.steps]
    if textual:
        steps.append(text)
    default, required = rule.default, rule.required
    if default is None and not required and len(steps) < 2:
        return _guarded(rule, _lean(read, steps[0] if steps else None), paths)

    def value_of(node: Any, scope: Scope) -> Any:
        value = read(node, scope)
        if value is not None:
            if type(value) in _SUSPECT:
                exact(value)
            for step in steps:
                value = step(value)
                if value is None:
                    break
            else:
                return value
        if default is not None:
            return default
        if required:
            raise ValueError(f"missing in the source ({describe(rule)})")
        return None

    return _guarded(rule, value_of, paths)


def _lean(read: Reader, step: Step | None) -> Reader:
    """A reader with at most one step, which is what most fields are."""

    def plainly(node: Any, scope: Scope) -> Any:
        value = read(node, scope)
        return exact(value) if type(value) in _SUSPECT else value

    def stepwise(node: Any, scope: Scope) -> Any:
        value = read(node, scope)
        if value is None:
            return None
        if type(value) in _SUSPECT:
            exact(value)
        return step(value)  # type: ignore[misc]

    return plainly if step is None else stepwise


def _guarded(rule: FieldRule, read: Reader, paths: PathCompiler) -> Reader:
    if not rule.when or rule.each is not None:
        return read
    holds = compile_conditions(rule.when, paths)
    return lambda node, scope: read(node, scope) if holds(node, scope) else None


def describe(rule: FieldRule) -> str:
    """The source of a rule in words, for messages."""
    if rule.source:
        return " or ".join(rule.source)
    if rule.concat:
        return " + ".join(rule.concat.of)
    return rule.template or rule.each or "constant"


def _source(rule: FieldRule, paths: PathCompiler) -> Reader:
    if rule.source is not None:
        readers = [paths(path) for path in rule.source]
        return readers[0] if len(readers) == 1 else _first(readers)
    if rule.concat is not None:
        readers, glue = [paths(path) for path in rule.concat.of], rule.concat.glue
        return lambda node, scope: glue.join(text(exact(v)) for r in readers if (v := r(node, scope)) not in (None, "")) or None
    if rule.template is not None:
        return compile_template(rule.template, missing_is_none=True, paths=paths)
    constant = rule.const
    return lambda node, scope: constant


def _first(readers: Sequence[Reader]) -> Reader:
    def first(node: Any, scope: Scope) -> Any:
        for read in readers:
            value = read(node, scope)
            if value is not None and value != "":
                return value
        return None

    return first


def _each(rule: FieldRule, maps: ValueMaps, is_text: IsText, target: str) -> Reader:
    read = compile_path(rule.each or ".")
    holds = compile_conditions(rule.when) if rule.when else None
    build, one = None, None
    if rule.fields is not None:
        build = compile_object(rule.fields, maps, lambda inner: is_text(f"{target}.{inner}"), "").build
    elif rule.value is not None:
        one = compile_rule(rule.value, maps, is_text, target, is_text(target))
    required, default = rule.required, rule.default

    def each(node: Any, scope: Scope) -> Any:
        items = read(node, scope)
        if items is None:
            if required:
                raise ValueError(f"missing in the source ({rule.each})")
            return default
        if type(items) is not list:
            raise ValueError(f"{rule.each} is not a list")
        inner = Scope(scope.root, scope.meta, node)
        found: list[Any] = []
        problems: Problems = []
        for place, item in enumerate(items):
            inner.index = place + 1
            if holds is not None and not holds(item, inner):
                continue
            wrong: Problems = []
            try:
                made = build(item, inner, wrong) if build is not None else one(item, inner) if one is not None else None
            except ValueError as problem:
                wrong.append(("", str(problem)))
                made = None
            if wrong:
                problems.extend((f"{place}.{name}".rstrip("."), words) for name, words in wrong)
            elif made is not None:
                found.append(made)
            elif build is not None:
                problems.append((str(place), "nothing of this element is mapped"))
        if problems:
            raise Nested(problems)
        return found

    return each


def compile_conditions(conditions: Sequence[Condition], paths: PathCompiler = compile_path) -> Test:
    """A test that holds when all conditions hold."""
    tests = [_condition(condition, paths) for condition in conditions]
    if len(tests) == 1:
        return tests[0]
    return lambda node, scope: all(test(node, scope) for test in tests)


def _condition(condition: Condition, paths: PathCompiler) -> Test:
    read = paths(condition.path)
    given = condition.model_fields_set
    allowed = None if condition.one_of is None else {text(value) for value in condition.one_of}
    if condition.equals is not None:
        allowed = {text(condition.equals)} if allowed is None else allowed & {text(condition.equals)}
    refused = {text(value) for value in condition.none_of or ()}
    if condition.not_equals is not None:
        refused.add(text(condition.not_equals))

    def holds(node: Any, scope: Scope) -> bool:
        value = read(node, scope)
        if "present" in given and (value is not None and value != [] and value != "") is not condition.present:
            return False
        if allowed is None and not refused:
            return True
        if type(value) is float:
            raise Inexact
        word = None if value is None or type(value) in (dict, list) else text(value)
        return (allowed is None or word in allowed) and (word is None or word not in refused)

    return holds


def compile_template(
    template: str, *, missing_is_none: bool = False, encode: bool = False, paths: PathCompiler = compile_path
) -> Reader:
    """A text with `{path}` in it. With `encode` each value is percent-encoded for a URL.

    A missing value makes the whole text None (`missing_is_none`) or raises ValueError.
    """
    pieces: list[str | Reader] = []
    names: dict[int, str] = {}
    for number, part in enumerate(PLACEHOLDER.split(template)):
        if number % 2:
            names[len(pieces)] = part
            pieces.append(paths(part))
        elif part:
            pieces.append(part)
    if not names:
        return lambda node, scope: template
    encoded: Callable[[str], str] = (lambda word: quote(word, safe="")) if encode else str

    def render(node: Any, scope: Scope) -> str | None:
        out: list[str] = []
        for place, piece in enumerate(pieces):
            if isinstance(piece, str):
                out.append(piece)
                continue
            value = piece(node, scope)
            if value is None or value == "":
                if missing_is_none:
                    return None
                raise ValueError(f"{names[place]} has no value, and {template!r} needs it")
            out.append(encoded(value if type(value) is str else text(exact(value))))
        return "".join(out)

    return render
