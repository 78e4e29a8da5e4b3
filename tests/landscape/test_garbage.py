"""Whatever stands in the files of a landscape: findings come out, never an exception, and a start is refused with reasons."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.core.errors import LandscapeInvalid
from crossdock.landscape.files import FOLDERS, SINGLE, NotALandscape, read
from crossdock.landscape.lint import judge
from crossdock.landscape.load import load
from crossdock.landscape.validation import known_keys
from tests.landscape.conftest import SOUND, TestCatalogue, write

WORDS = sorted(
    {key for model in (*SINGLE.values(), *FOLDERS.values()) for key in known_keys(model, ())}
    | {
        "default",
        "until",
        "within",
        "cutoff",
        "mon-fri",
        "order.placed",
        "shop",
        "erp",
        "toy",
        "ops",
        "depot",
        "env:X",
        "4h",
        "08:00-09:00",
        "since",
    }
)
FILES = [*SINGLE, *(f"{folder}/x.yaml" for folder in FOLDERS), *SOUND]

scalars = st.none() | st.booleans() | st.integers(-5, 10**12) | st.sampled_from(WORDS) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5), max_leaves=15
)
contents = st.dictionaries(st.sampled_from(WORDS), values, max_size=8).map(lambda content: json.dumps(content).encode())


@st.composite
def mutilated(draw: st.DrawFn) -> dict[str, bytes]:
    """The sound landscape with pieces of some files cut out, repeated or replaced by words of the trade."""
    files: dict[str, bytes] = {name: text.encode() for name, text in SOUND.items()}
    for name in draw(st.lists(st.sampled_from(sorted(SOUND)), min_size=1, max_size=3, unique=True)):
        data = files[name]
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        files[name] = (
            data[:start]
            + draw(st.sampled_from([b"", b"{", b"[]", b": ", b"\n", b"null", b"'", b"0", *map(str.encode, WORDS)]))
            + data[end:]
        )
    return files


def judged(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = write(Path(name), files)
        try:
            draft = read(root, variables={})
        except NotALandscape:
            return
        findings = judge(draft, TestCatalogue())
        assert all(each.code and each.message and each.file for each in findings)
        refused = None
        try:
            landscape = load(root, variables={})
        except LandscapeInvalid as error:
            refused = error
        if refused is not None:
            assert refused.detail["findings"]
            assert any(each.severity == "error" for each in findings)
            return
        for flow in landscape.flows:
            landscape.context(flow)
            landscape.budget(flow)
        assert len(landscape.bundle_id) == 64


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FILES), contents, max_size=6))
def test_structured_garbage(files: dict[str, bytes]) -> None:
    judged({"crossdock.yaml": b"name: x\ncompany: x\n", **files})


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutilated())
def test_a_mutilated_landscape(files: dict[str, bytes]) -> None:
    judged(files)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(FILES), st.binary(max_size=60), min_size=1, max_size=4))
def test_bytes_of_any_kind(files: dict[str, bytes]) -> None:
    judged({**{name: text.encode() for name, text in SOUND.items()}, **files})
