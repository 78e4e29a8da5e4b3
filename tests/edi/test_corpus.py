"""Every third-party sample is read or refused with findings, and the verdict agrees with its manifest or says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.edi.check import check_file
from crossdock.edi.edifact import envelope as edifact
from crossdock.edi.writer import rewrite
from crossdock.edi.x12 import envelope as x12
from tests.edi.messages import corpus_folder

# The manifest's own words for what is no error.
NO_ERROR = {"ok", "BOM", "multi-ISA(ok)", "non-utf8(ok)"}

# Where we disagree with the manifest, and why it is the manifest that is wrong.
REASONS = {
    "x12/000/xlate-staedi__nonnumeric_BIN01.edi": (
        "BIN01 is `11a`. It must be the number of bytes of binary data (X12.6): without it nobody can know where "
        "the data ends. The manifest's checker does not look at binary segments."
    ),
    "edifact/INVOIC/xlate-staedi__invoic_d93a_una.edi": (
        "UNB declares UNOA, which allows ISO 646 only, and the NAD segments hold UTF-8 umlauts. The manifest's "
        "checker does not look at the character set."
    ),
    "camt/camt.053/genkgo-camt__camt053.v2.wrong.xml": (
        "The statement message has a group header and no statement; ISO 20022 wants at least one Stmt. Its own "
        "source calls the file wrong; the manifest only looked whether the XML is well-formed."
    ),
    "camt/mt940/wolph-mt940__raphaelm.sta": (
        "Fields 62M and 62F lack the currency that SWIFT wants between date and amount. The manifest's checker "
        "does not look into fields."
    ),
    "ubl/Perception/phax-ph-ubl__EjemploPercepcion.xml": (
        "Line 43 reads `<cbc:Name<![CDATA[`: the file is not well-formed, and libxml2 refuses it as well."
    ),
}


def _manifest() -> Iterator[dict[str, str]]:
    folder = corpus_folder()
    if folder is None:
        return
    yield from json.loads((folder / "manifest.json").read_text())


SAMPLES = list(_manifest())
BUSINESS = [sample for sample in SAMPLES if sample["cat"] != "webhooks"]
ENVELOPED = [sample for sample in SAMPLES if sample["cat"] in ("x12", "edifact")]

pytestmark = pytest.mark.skipif(not SAMPLES, reason="no sample corpus on this machine: set CROSSDOCK_CORPUS")


def _path(sample: dict[str, str]) -> Path:
    folder = corpus_folder()
    assert folder is not None
    return folder / sample["file"]


def _clean(sample: dict[str, str]) -> bool:
    return set(sample["env"].split(";")) <= NO_ERROR


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["file"])
def test_sample_is_read_or_refused_with_findings(sample: dict[str, str]) -> None:
    result: dict[str, Any] = check_file(_path(sample), guide="auto")
    assert result["verdict"] == "ok" or result["findings"]
    if sample["cat"] == "webhooks":
        assert result["verdict"] == "refused"
        return
    expected = "mt940" if sample["type"] == "mt940" else sample["cat"]
    assert result["standard"] == expected
    for finding in result["findings"]:
        assert set(finding) == {"code", "segment", "element", "position", "message"}
        assert 0 <= finding["position"] <= _path(sample).stat().st_size + 3


@pytest.mark.parametrize("sample", BUSINESS, ids=lambda s: s["file"])
def test_verdict_agrees_with_the_manifest(sample: dict[str, str]) -> None:
    result = check_file(_path(sample))
    agrees = (result["verdict"] == "ok") == _clean(sample)
    if sample["file"] in REASONS:
        assert not agrees, f"the reason is out of date: {REASONS[sample['file']]}"
    else:
        assert agrees, (sample["env"], result["verdict"], result["findings"][:5])


@pytest.mark.parametrize("sample", [s for s in ENVELOPED if _clean(s)], ids=lambda s: s["file"])
def test_clean_samples_survive_read_write_read(sample: dict[str, str]) -> None:
    reader = x12 if sample["cat"] == "x12" else edifact
    data = _path(sample).read_bytes()
    first = reader.read(data)
    written = b"".join(rewrite(interchange) for interchange in first)
    second = reader.read(written)

    def content(interchanges: list[Any]) -> list[list[str]]:
        return [
            segment.elements
            for interchange in interchanges
            for document in interchange.documents()
            for segment in document.segments()
        ]

    assert content(first)
    assert content(first) == content(second)
    assert not [f for i in second for f in i.all_findings() if f.severity != "note" and sample["file"] not in REASONS]
    # Nothing but the blanks between segments and needless release characters may differ.
    squeezed = [b"".join(text.removeprefix(b"\xef\xbb\xbf").split()) for text in (data, written)]
    if b"?" not in data:
        assert squeezed[0] == squeezed[1]


@pytest.mark.parametrize("sample", [s for s in ENVELOPED if "-no-envelope" not in s["type"]], ids=lambda s: s["file"])
def test_the_named_faults_are_found(sample: dict[str, str]) -> None:
    """Where the manifest names a count or reference that disagrees, we name the same one."""
    named = {code for code in sample["env"].split(";") if code.endswith(("-count", "-ref", "-control"))}
    found = {finding["code"] for finding in check_file(_path(sample))["findings"]}
    # A trailer that closes nothing for us disagrees with something for the manifest's checker.
    orphans = {code for code in found if "-without-" in code or code.startswith("missing-") or code == "wide-terminator"}
    missing = named - found
    if "line-wrapped" in found or "ISA-unreadable" in found:
        return
    assert not missing or orphans, (named, found)
