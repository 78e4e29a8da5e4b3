"""The parts of an implementation guide: elements, segments, loops, HL levels. Plain data, no parsing, no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

UNBOUNDED = 1 << 30


@dataclass(frozen=True, slots=True)
class Element:
    """One element or component.

    `usage`: M mandatory, O optional, C conditional (a rule decides), X not used.
    `type` as the standard spells it: AN, ID, R, N0..N9, DT, TM, B (X12.6) or a, n, an (ISO 9735).
    Lengths are in characters, without sign and decimal mark. An empty `codes` allows any value.
    """

    label: str
    usage: str
    type: str = "AN"
    min: int = 1
    max: int = 999
    repeat: int = 1
    codes: frozenset[str] = frozenset()
    components: tuple[Element, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A syntax note over elements (X12.6, 3.8.4): P paired, R at least one, E at most one, C if first then all
    others, L if first then at least one other."""

    kind: str
    elements: tuple[int, ...]

    def __str__(self) -> str:
        return self.kind + "".join(f"{n:02d}" for n in self.elements)


@dataclass(frozen=True, slots=True)
class SegmentShape:
    """A segment as one position of the guide sees it: its elements and the rules between them."""

    tag: str
    elements: tuple[Element, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A position in the guide where a segment may stand, up to `max` times.

    `when` restricts the position to segments whose element holds one of the codes (element, codes), so that
    N1*ST and N1*BT can be two positions.
    """

    shape: SegmentShape
    usage: str
    max: int
    when: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def tag(self) -> str:
        """The tag that stands here."""
        return self.shape.tag

    def takes(self, row: list[str]) -> bool:
        """Whether this segment, by its qualifiers, belongs here; the tag was compared already."""
        return all(n < len(row) and row[n] in codes for n, codes in self.when)


@dataclass(frozen=True, slots=True)
class Level:
    """One kind of HL: its code in HL03, the codes that may stand under it, and its segments and loops."""

    code: str
    under: frozenset[str]
    body: LoopUse


@dataclass(frozen=True, slots=True)
class LoopUse:
    """A loop (X12) or segment group (EDIFACT): its members in order, the first one opening it.

    With `levels` it is an HL loop: HL03 chooses the members, HL01 and HL02 make the tree.
    """

    name: str
    usage: str
    max: int
    members: tuple[SegmentUse | LoopUse, ...]
    levels: Mapping[str, Level] = field(default_factory=dict)
    by_tag: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def opener(self) -> SegmentUse:
        """The segment that opens the loop."""
        first = self.members[0]
        return first if isinstance(first, SegmentUse) else first.opener

    @property
    def tag(self) -> str:
        """The tag of the segment that opens the loop."""
        return self.opener.tag


def index(members: tuple[SegmentUse | LoopUse, ...]) -> dict[str, tuple[int, ...]]:
    """Where in the members each tag may stand."""
    table: dict[str, list[int]] = {}
    for number, member in enumerate(members):
        table.setdefault(member.tag, []).append(number)
    return {tag: tuple(numbers) for tag, numbers in table.items()}


@dataclass(frozen=True, slots=True)
class Guide:
    """One implementation guide: which document, in which release, and how it must look between its envelopes."""

    name: str
    standard: str
    document: str
    release: str
    title: str
    group: str
    root: LoopUse
    known_tags: frozenset[str]
    partner: str = ""

    def tags(self) -> frozenset[str]:
        """All tags that may stand somewhere in this guide."""
        return frozenset(use.tag for use in walk(self.root))


def walk(loop: LoopUse) -> Iterator[SegmentUse]:
    """Every segment position of a loop and the loops inside it."""
    for member in loop.members:
        if isinstance(member, SegmentUse):
            yield member
        else:
            yield from walk(member)
    for level in loop.levels.values():
        yield from walk(level.body)
