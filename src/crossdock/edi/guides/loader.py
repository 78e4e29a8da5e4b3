"""Reads guides from YAML files, ours and partners', checks them, and finds the one for a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from . import notation
from .changes import Changer
from .model import Element, Guide, Level, LoopUse, SegmentShape, SegmentUse, index

STARTER_GUIDES = Path(__file__).parent
_ENVELOPE = {"x12": ("ST", "SE"), "edifact": ("UNH", "UNT")}
_TOP_KEYS = {
    "crossdock-guide", "standard", "document", "title", "release", "releases", "group", "segments", "structure",
    "extends", "partner", "change",
}  # fmt: skip


class GuideError(ValueError):
    """A guide that cannot be used; `problems` lists everything wrong with it, each with its place in the file."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self.name = name
        self.problems = problems
        super().__init__(f"guide {name} has {len(problems)} problem(s): " + "; ".join(problems[:5]))


def load_guide(path: Path | str, release: str = "") -> Guide:
    """The guide in a file, in one of its releases (the first when none is named).

    Raises `GuideError` with every problem found, and `OSError` when the file cannot be read.
    """
    path = Path(path)
    try:
        return _Builder(path, _read(path)).build(release)
    except (TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        # A list stands where a mapping is due, or the like: the builder names most such places, not all.
        raise GuideError(path.name, [f"its structure cannot be read: {error}"]) from error


def list_guides(folder: Path | str | None = None) -> Iterator[tuple[str, str, str, Path]]:
    """Standard, document, release and file of every guide in a folder (the starter guides when none is named)."""
    for path in sorted(Path(folder or STARTER_GUIDES).rglob("*.yaml")):
        content = _read(path)
        if "structure" in content or "extends" in content:
            for release in _releases(content):
                yield str(content.get("standard", "")), str(content.get("document", "")), release, path


@lru_cache(maxsize=256)
def find_guide(standard: str, document: str, release: str, *, nearest: bool = False) -> Guide | None:
    """The starter guide for a document, or None.

    `release` as the envelope spells it: `005010X220A1` finds 005010, `004010VICS` finds 004010, `D:01B` D.01B.
    With `nearest` any release of the document will do, the closest one first: good for reading, not for judging.
    """
    wanted = release.replace(":", ".").strip()
    candidates = [(known, path) for kind, name, known, path in _starter_index() if kind == standard and name == document]
    for known, path in candidates:
        if wanted == known or (known and wanted.startswith(known)):
            return load_guide(path, known)
    if not nearest or not candidates:
        return None
    below = [item for item in candidates if item[0] <= wanted]
    known, path = max(below) if below else min(candidates)
    return load_guide(path, known)


@lru_cache(maxsize=1)
def _starter_index() -> tuple[tuple[str, str, str, Path], ...]:
    return tuple(list_guides())


def _releases(content: Mapping[str, Any]) -> list[str]:
    many = content.get("releases")
    return [str(r) for r in many] if isinstance(many, list) else [str(content.get("release", ""))]


_SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE_LOADER)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GuideError(path.name, [f"not readable as YAML: {error}"]) from error
    if not isinstance(content, dict):
        raise GuideError(path.name, ["a guide is a mapping of keys"])
    return content


@lru_cache(maxsize=32)
def _segment_file(path: Path) -> dict[str, Any]:
    return _read(path)


class _Builder:
    """Builds one guide and collects what is wrong with its file on the way."""

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self.path = path
        self.content = content
        self.problems: list[str] = []
        self.shapes: dict[str, SegmentShape] = {}
        self.release = ""

    def build(self, release: str) -> Guide:
        if "extends" in self.content:
            return self._extend(release)
        content = self.content
        for key in content.keys() - _TOP_KEYS:
            self.problems.append(f"unknown key {key!r}")
        standard = str(content.get("standard", ""))
        if standard not in _ENVELOPE:
            self.problems.append(f"standard must be x12 or edifact, not {standard!r}")
        releases = _releases(content)
        self.release = release or releases[0]
        if self.release not in releases:
            self.problems.append(f"release {self.release!r} is not one of {', '.join(releases)}")
        if not content.get("document"):
            self.problems.append("document is missing")
        self._shapes()
        members = self.members(content.get("structure"), "structure")
        if self.problems:
            raise GuideError(self.path.name, self.problems)
        root = LoopUse("", "M", 1, members, by_tag=index(members))
        document = str(content["document"])
        return Guide(
            name=f"{standard}-{document}-{self.release}",
            standard=standard,
            document=document,
            release=self.release,
            title=str(content.get("title", "")),
            group=str(content.get("group", "")),
            root=root,
            known_tags=frozenset(self.shapes),
            partner=str(content.get("partner", "")),
        )

    def _extend(self, release: str) -> Guide:
        """A partner's guide: a starter guide plus changes at named positions."""
        base_name = str(self.content["extends"])
        base = STARTER_GUIDES / f"{base_name}.yaml"
        if not base.is_file():
            base = self.path.parent / f"{base_name}.yaml"
        if not base.is_file():
            raise GuideError(self.path.name, [f"extends {base_name!r}, which is no guide"])
        content = dict(_read(base))
        content["partner"] = self.content.get("partner", "")
        content["title"] = self.content.get("title", content.get("title", ""))
        own_release = str(self.content.get("release", release or _releases(content)[0]))
        builder = _Builder(base, content)
        guide = builder.build(own_release)
        changes = self.content.get("change", {})
        if not isinstance(changes, dict):
            raise GuideError(self.path.name, ["change must map positions to what is different there"])
        changer = Changer(changes, builder.members)
        root = changer.loop(guide.root, "")
        problems = (
            changer.problems + builder.problems + [f"change: no position {place!r} in {base_name}" for place in changer.unused()]
        )
        problems += [f"unknown key {key!r}" for key in self.content.keys() - _TOP_KEYS]
        if problems:
            raise GuideError(self.path.name, problems)
        return replace(guide, root=root, name=f"{guide.name}-{self.path.stem}", partner=str(content["partner"]))

    def _shapes(self) -> None:
        source = self.content.get("segments", "segments")
        if isinstance(source, str):
            file = self.path.parent / f"{source}.yaml"
            if not file.is_file():
                self.problems.append(f"segments: no file {file.name} beside the guide")
                return
            table = _segment_file(file)
        elif isinstance(source, dict):
            table = source
        else:
            self.problems.append("segments must be a mapping or the name of a segment file")
            return
        for tag, spec in table.items():
            if tag == "releases":
                continue
            self.shapes[str(tag)] = self._shape(str(tag), spec, f"segments.{tag}")
        later = table.get("releases", {}).get(self.release, {}) if isinstance(table.get("releases"), dict) else {}
        for tag, elements in later.items():
            self.shapes[tag] = self._override(self.shapes[tag], elements, f"segments.releases.{self.release}.{tag}")

    def _shape(self, tag: str, spec: Any, place: str) -> SegmentShape:
        lines = spec.get("elements") if isinstance(spec, dict) else spec
        rules = spec.get("rules", []) if isinstance(spec, dict) else []
        if not isinstance(lines, list):
            self.problems.append(f"{place}: elements must be a list")
            return SegmentShape(tag, ())
        elements: list[Element] = []
        for number, line in enumerate(lines, start=1):
            try:
                elements.append(notation.element(line))
            except (notation.NotationError, AttributeError) as error:
                self.problems.append(f"{place}[{number}]: {error}")
        built = []
        for text in rules:
            try:
                made = notation.rule(str(text))
            except notation.NotationError as error:
                self.problems.append(f"{place}.rules: {error}")
                continue
            if max(made.elements) > len(lines):
                self.problems.append(f"{place}.rules: {text} names an element the segment does not have")
            built.append(made)
        return SegmentShape(tag, tuple(elements), tuple(built))

    def _override(self, shape: SegmentShape, changes: Any, place: str) -> SegmentShape:
        changer = Changer({})
        changed = changer.elements(shape, changes, place)
        self.problems += changer.problems
        return changed

    def members(self, lines: Any, place: str) -> tuple[SegmentUse | LoopUse, ...]:
        """The positions a list of lines describes; what cannot be read goes to `problems`."""
        if not isinstance(lines, list) or not lines:
            self.problems.append(f"{place} must list segments and loops")
            return ()
        members: list[SegmentUse | LoopUse] = []
        for number, line in enumerate(lines, start=1):
            here = f"{place}[{number}]"
            try:
                if isinstance(line, str):
                    members.append(self._segment(line, {}, here))
                elif isinstance(line, dict) and "loop" in line:
                    members.append(self._loop(line, here))
                elif isinstance(line, dict) and "hl" in line:
                    members.append(self._hl(line, here))
                elif isinstance(line, dict) and "segment" in line:
                    members.append(self._segment(str(line["segment"]), line.get("elements", {}), here))
                else:
                    self.problems.append(f"{here}: expected a segment, a `loop:` or an `hl:`")
            except notation.NotationError as error:
                self.problems.append(f"{here}: {error}")
        return tuple(members)

    def _segment(self, line: str, elements: Any, place: str) -> SegmentUse:
        tag, usage, most, when = notation.use(line)
        shape = self.shapes.get(tag)
        if shape is None:
            self.problems.append(f"{place}: segment {tag} is not described under segments")
            shape = SegmentShape(tag, ())
        if elements:
            shape = self._override(shape, elements, place)
        return SegmentUse(shape, usage, most, when)

    def _loop(self, line: dict[str, Any], place: str) -> LoopUse:
        name, usage, most, _ = notation.use(str(line["loop"]))
        for key in line.keys() - {"loop", "of"}:
            self.problems.append(f"{place}: unknown key {key!r} in a loop")
        members = self.members(line.get("of"), f"{place}.{name}")
        if members and not isinstance(members[0], SegmentUse):
            self.problems.append(f"{place}: loop {name} must begin with a segment")
            members = ()
        if not members:
            members = (SegmentUse(SegmentShape(name, ()), "M", 1),)
        return LoopUse(name, usage, most, members, by_tag=index(members))

    def _hl(self, line: dict[str, Any], place: str) -> LoopUse:
        name, usage, most, _ = notation.use(str(line["hl"]))
        opener = self._segment("HL M 1", {}, place)
        levels: dict[str, Level] = {}
        described = line.get("levels")
        if not isinstance(described, dict) or not described:
            self.problems.append(f"{place}: an hl loop needs levels")
            described = {}
        for code, spec in described.items():
            here = f"{place}.levels.{code}"
            if not isinstance(spec, dict):
                self.problems.append(f"{here}: a level has `under` and `of`")
                continue
            body = (opener, *(self.members(spec["of"], here) if spec.get("of") else ()))
            loop = LoopUse(name, "O", most, body, by_tag=index(body))
            levels[str(code)] = Level(str(code), frozenset(str(c) for c in spec.get("under", [])), loop)
        for code, level in levels.items():
            for parent in level.under - levels.keys() - {"top"}:
                self.problems.append(f"{place}.levels.{code}: under {parent!r}, which is no level")
        return LoopUse(name, usage, most, (opener,), levels=levels, by_tag={"HL": (0,)})
