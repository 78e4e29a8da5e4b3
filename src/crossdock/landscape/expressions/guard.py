"""Compiles one CEL expression for one kind of payload into a guard that says true, false, or why it cannot say; bounded by the runtime.

The CEL runtime stops an evaluation after ten thousand iterations, its regular expressions are linear (RE2), and there are no
loops or side effects in the language: a guard cannot hang the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossdock.landscape.expressions.analysis import Analysis, Problem, analyse
from crossdock.landscape.expressions.shapes import TRUTH, UNKNOWN, Shape
from crossdock.landscape.expressions.syntax import Call, Comprehension, Constant, ListOf, Node, Select, decode
from crossdock.landscape.expressions.values import Use, literal, parse_amount
from crossdock.landscape.findings import did_you_mean

_DECIMAL = re.compile(r"""\bdecimal\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)""")
_TROUBLE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: |\[[A-Z_]+\]$")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
GUIDE = "See docs/reference/landscape-rules.md for what rules can say."


class CannotJudge(Exception):
    """The expression could not be evaluated on this event."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A compiled condition with what it reads."""

    source: str
    program: Any
    uses: Mapping[str, Use]

    def holds(self, activation: Any) -> bool:
        """Whether the condition is true. Raises CannotJudge with the runtime's reason."""
        try:
            result = self.program.eval(activation)
            value = result.value()
        except RuntimeError as error:
            raise CannotJudge(_readable(str(error))) from None
        if value is True:
            return True
        if value is False:
            return False
        raise CannotJudge(_readable(str(value)))


def _readable(reason: str) -> str:
    reason = reason.replace("Key not found in map :", "there is no field")
    return _STATUS.sub("", reason).strip()[:300]


@cache
def environment(names: tuple[str, ...]) -> Any:
    """The CEL environment with these variables; importing the runtime is left until the first rule."""
    from cel_expr_python import cel

    decimal = cel.FunctionDecl("decimal", [cel.Overload("decimal_text", cel.Type.BYTES, [cel.Type.STRING], impl=parse_amount)])
    return cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN), functions=[decimal])


def _decimals(node: Node) -> int:
    """How many `decimal("...")` the tree has."""
    match node:
        case Call():
            mine = node.function == "decimal" and isinstance(node.arguments[0], Constant)
            return int(mine) + sum(_decimals(each) for each in node.arguments)
        case Select():
            return _decimals(node.operand)
        case ListOf():
            return sum(_decimals(each) for each in node.elements)
        case Comprehension():
            return _decimals(node.range) + sum(_decimals(each) for each in node.parts)
        case _:
            return 0


def _program(env: Any, source: str, first: Any, tree: Node) -> Any:
    """`first`, or faster: the same with every `decimal("...")` replaced by its constant, where the replacement is surely the same."""
    replaced, count = _DECIMAL.subn(lambda match: literal(parse_amount(match[1] if match[1] is not None else match[2])), source)
    return env.compile(replaced) if count and count == _decimals(tree) else first


def compile_guard(
    source: str, variables: Mapping[str, Shape], tested: frozenset[str] = frozenset()
) -> tuple[Guard | None, list[Problem], Analysis]:
    """The guard, all problems found, and the analysis. With a problem there is no guard.

    `tested` are paths whose presence another expression (`when`) has made sure of.
    """
    env = environment(tuple(sorted(variables)))
    try:
        first = env.compile(source)
    except RuntimeError as error:
        return None, _compile_problems(source, str(error), variables), Analysis()
    tree = decode(first.serialize())
    analysis = analyse(tree, variables, tested)
    problems = list(analysis.problems)
    kind = first.return_type().name()
    if kind != "BOOL" and analysis.result not in (TRUTH, UNKNOWN):
        problems.append(
            Problem(0, "this is no condition", "A condition is true or false, for example: size(order.lines) <= 100.")
        )
    if problems:
        return None, problems, analysis
    return Guard(source, _program(env, source, first, tree), analysis.uses), [], analysis


def _compile_problems(source: str, message: str, known: Iterable[str]) -> list[Problem]:
    problems = []
    lines = source.split("\n")
    for row, column, text in _TROUBLE.findall(message):
        offset = sum(len(line) + 1 for line in lines[: int(row) - 1]) + int(column) - 1
        unknown = _UNDECLARED.match(text)
        if unknown:
            word = unknown[1].split(".")[0]
            problems.append(
                Problem(max(0, source.rfind(word, 0, offset + 1)), f"there is no {word!r} here", did_you_mean(word, known))
            )
        else:
            problems.append(Problem(offset, text.split(" expecting {")[0].strip(), GUIDE))
    return problems or [Problem(0, message.splitlines()[0], GUIDE)]
