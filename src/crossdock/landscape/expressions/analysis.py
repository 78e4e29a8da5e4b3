"""Judges a CEL expression against the shapes it speaks of: unknown fields, amounts mixed with numbers, absent fields; evaluates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossdock.landscape.expressions.shapes import (
    AMOUNT,
    INTEGER,
    MOMENT,
    TEXT,
    TIME,
    TRUTH,
    UNKNOWN,
    Many,
    Plain,
    Record,
    Shape,
    Table,
)
from crossdock.landscape.expressions.syntax import Call, Comprehension, Constant, Identifier, ListOf, Node, Select
from crossdock.landscape.expressions.values import Use, parse_amount
from crossdock.landscape.findings import did_you_mean

COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
ARITHMETIC = frozenset({"_+_", "_-_", "_*_", "_/_", "_%_", "-_"})
CONSTANT_SHAPES = {"bool": TRUTH, "int": INTEGER, "uint": INTEGER, "string": TEXT}
RESULTS = {
    "decimal": AMOUNT,
    "timestamp": MOMENT,
    "size": INTEGER,
    "int": INTEGER,
    "string": TEXT,
    "bool": TRUTH,
} | dict.fromkeys(
    (*COMPARISONS, "_&&_", "_||_", "!_", "@in", "matches", "startsWith", "endsWith", "contains", "@not_strictly_false"), TRUTH
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in an expression; `at` counts characters from 0."""

    at: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Typed:
    """A sub-expression: its shape, where its reads are noted, and its name as it is written."""

    shape: Shape
    use: Use
    path: str = ""


@dataclass
class Analysis:
    """What an expression reads, yields and does wrong."""

    problems: list[Problem] = field(default_factory=list)
    uses: dict[str, Use] = field(default_factory=dict)
    result: Shape = UNKNOWN
    tested: set[str] = field(default_factory=set)
    unsure: list[tuple[int, str]] = field(default_factory=list)


class _Walker:
    def __init__(self, variables: Mapping[str, Shape], analysis: Analysis) -> None:
        self.variables = variables
        self.analysis = analysis
        self.scope: dict[str, _Typed] = {}

    def complain(self, node: Node, message: str, hint: str = "") -> None:
        problem = Problem(node.at, message, hint)
        if problem not in self.analysis.problems:
            self.analysis.problems.append(problem)

    def consume(self, node: Node) -> Shape:
        """The shape of a value that is used as a whole."""
        typed = self.walk(node)
        if not isinstance(typed.shape, Plain):
            typed.use.whole = True
        return typed.shape

    def walk(self, node: Node) -> _Typed:
        match node:
            case Constant():
                return _Typed(CONSTANT_SHAPES.get(node.kind, UNKNOWN), Use())
            case Identifier():
                return self.identifier(node)
            case Select():
                return self.select(node)
            case Call():
                return self.call(node)
            case ListOf():
                shapes = [self.consume(each) for each in node.elements]
                same = shapes[0] if shapes and all(each == shapes[0] for each in shapes) else UNKNOWN
                return _Typed(Many(same), Use())
            case Comprehension():
                return self.comprehension(node)
            case _:
                self.complain(node, "maps and messages are not for rules", "Write conditions on the event's fields.")
                return _Typed(UNKNOWN, Use())

    def identifier(self, node: Identifier) -> _Typed:
        if node.name in self.scope:
            return self.scope[node.name]
        shape = self.variables.get(node.name, UNKNOWN)
        return _Typed(shape, self.analysis.uses.setdefault(node.name, Use()), node.name)

    def select(self, node: Select) -> _Typed:
        operand = self.walk(node.operand)
        path = f"{operand.path}.{node.field}"
        shape = operand.shape
        if isinstance(shape, Record):
            inner = shape.fields.get(node.field)
            if inner is None:
                self.complain(node, f"{shape.name} has no field {node.field!r}", did_you_mean(node.field, shape.fields))
                return _Typed(TRUTH if node.test else UNKNOWN, Use())
            use = operand.use.part(node.field)
            if node.test:
                self.analysis.tested.add(path)
                if node.field not in shape.optional:
                    self.complain(node, f"{path} is always there", "Compare its value instead of testing it with has(...).")
                return _Typed(TRUTH, use, path)
            if node.field in shape.optional:
                self.analysis.unsure.append((node.at, path))
            return _Typed(inner, use, path)
        if isinstance(shape, Table):
            operand.use.whole = True
            return _Typed(TRUTH if node.test else shape.item, Use(), path)
        if shape is not UNKNOWN:
            what = "a list" if isinstance(shape, Many) else f"{'an' if shape.name[0] in 'ai' else 'a'} {shape.name}"
            self.complain(node, f"{operand.path} is {what} and has no field {node.field!r}")
        return _Typed(UNKNOWN, Use(), path)

    def call(self, node: Call) -> _Typed:
        name = node.function
        if name == "_[_]":
            target = self.walk(node.arguments[0])
            self.consume(node.arguments[1])
            if isinstance(target.shape, Many):
                return _Typed(target.shape.item, target.use.part("[]"), f"{target.path}[]")
            target.use.whole = True
            return _Typed(target.shape.item if isinstance(target.shape, Table) else UNKNOWN, Use(), target.path)
        if name == "size" and len(node.arguments) == 1:
            shape = self.walk(node.arguments[0]).shape
            if shape in (AMOUNT, INTEGER, TRUTH):
                self.complain(node, "size(...) counts lists and characters only")
            return _Typed(INTEGER, Use())
        shapes = [self.consume(each) for each in node.arguments]
        if name in COMPARISONS:
            self.compare(node, shapes[0], shapes[1])
        elif name == "@in":
            inside = shapes[1].item if isinstance(shapes[1], (Many, Table)) else UNKNOWN
            self.compare(node, shapes[0], inside)
        elif name == "decimal":
            self.decimal(node)
        elif name in ARITHMETIC and TIME in shapes:
            self.complain(node, "a time is used as a number", "Write timestamp(...) around it.")
        elif AMOUNT in shapes and name != "_?_:_":
            self.complain(
                node, "amounts are compared, nothing else", 'Compare each with a limit: order.total.amount >= decimal("250.00").'
            )
        if name == "_?_:_":
            return _Typed(shapes[1] if shapes[1] == shapes[2] else UNKNOWN, Use())
        return _Typed(RESULTS.get(name, UNKNOWN), Use())

    def decimal(self, node: Call) -> None:
        argument = node.arguments[0]
        if not isinstance(argument, Constant):
            self.complain(argument, "decimal(...) takes a number written in quotes", 'Write for example decimal("250.00").')
            return
        try:
            parse_amount(argument.value)
        except ValueError as error:
            self.complain(argument, str(error), 'Write for example decimal("250.00").')

    def compare(self, node: Node, left: Shape, right: Shape) -> None:
        if UNKNOWN in (left, right) or left == right:
            return
        if AMOUNT in (left, right):
            self.complain(node, "an amount is compared with something that is no amount", 'Write for example decimal("250.00").')
        elif {left, right} == {TIME, TEXT} or {left, right} == {TIME, MOMENT}:
            self.complain(
                node, "a time is compared as text", 'Write timestamp(...) on both sides: timestamp("2026-01-31T00:00:00Z").'
            )
        else:
            self.complain(node, f"{_name(left)} is compared with {_name(right)}", "Both sides must be of one kind.")

    def comprehension(self, node: Comprehension) -> _Typed:
        over = self.walk(node.range)
        if isinstance(over.shape, Many):
            item = _Typed(over.shape.item, over.use.part("[]"), f"{over.path}[]")
        else:
            if over.shape is not UNKNOWN and not isinstance(over.shape, Table):
                self.complain(node, f"{over.path or 'this'} is no list")
            over.use.whole = True
            item = _Typed(UNKNOWN, Use(), node.variable)
        before = dict(self.scope)
        self.scope[node.variable] = item
        self.scope[node.accumulator] = _Typed(UNKNOWN, Use(), node.accumulator)
        shapes = [self.consume(part) for part in node.parts]
        self.scope = before
        return _Typed(TRUTH if shapes[0] == TRUTH else shapes[-1], Use())


def _name(shape: Shape) -> str:
    if isinstance(shape, Plain):
        return shape.name
    return "a list" if isinstance(shape, Many) else "a record"


def analyse(tree: Node, variables: Mapping[str, Shape], tested: frozenset[str] = frozenset()) -> Analysis:
    """What `tree` reads of `variables`, what it yields and what is wrong with it; `tested` are paths another expression guards."""
    analysis = Analysis()
    walker = _Walker(variables, analysis)
    analysis.result = walker.consume(tree)
    for at, path in analysis.unsure:
        if path not in analysis.tested and path not in tested:
            analysis.problems.append(Problem(at, f"{path} may be absent", f"Guard it: has({path}) && ..., or say so in `when`."))
    return analysis
