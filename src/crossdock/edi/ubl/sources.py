"""Where the official rules are published, which release was tried, and how they get into the folder of rules; judges nothing.

They are not part of this product: the rules of EN 16931 are under the EUPL 1.2, those of Peppol are OpenPEPPOL's
(docs/explanation/adr/0014-official-ubl-rules.md).
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

MAX_FILE: Final = 16 << 20
MAX_FILES: Final = 2000
SUFFIXES: Final = frozenset({".sch", ".xslt", ".xsl", ".xsd", ".xml"})
_PHIVE: Final = (
    "https://raw.githubusercontent.com/phax/phive-rules/432f0e9a8cff5c03d06625abe7a5fd8e7e346a64/"
    "phive-rules-peppol/src/main/resources/external/schematron/openpeppol/2026.5/xslt/"
)


class RulesRefused(ValueError):
    """What was to be added to the rules is not what it should be, or cannot be had."""


@dataclass(frozen=True, slots=True)
class Source:
    """One published file: its address at one fixed version, its SHA-256, and whose licence it carries."""

    file: str
    url: str
    sha256: str
    licence: str


SOURCES: Final = (
    Source(
        "EN16931-UBL-validation-preprocessed.sch",
        "https://raw.githubusercontent.com/ConnectingEurope/eInvoicing-EN16931/b6c9e06a59812fb1a83585da40923b3678a649ad/"
        "ubl/schematron/preprocessed/EN16931-UBL-validation-preprocessed.sch",
        "268d4f7a2688676695e6c69cba6fba69a6802604fee12cb544a6b30ff09555a3",
        "EN 16931 validation artefacts 1.3.16, CEN and European Commission, EUPL-1.2",
    ),
    Source(
        "PEPPOL-EN16931-UBL.sch",
        "https://raw.githubusercontent.com/OpenPEPPOL/peppol-bis-invoice-3/78d7f7dfa223f39f8ebd8d35c127f2690e646322/"
        "rules/sch/PEPPOL-EN16931-UBL.sch",
        "2840f5158f7bbdbf3b3f5d2ea391b9ac9e649e1fdbba8502bd8c15ec52924f23",
        "Peppol BIS Billing 3.0.19, OpenPEPPOL",
    ),
    Source(
        "PEPPOLBIS-T01.xslt",
        f"{_PHIVE}PEPPOLBIS-T01.xslt",
        "d7d7ce0be7cb02021c5b8beb766f5efa0ddeca4185f7bbf2cd55aa75d5eba3ca",
        "Peppol Order 3, OpenPEPPOL, compiled by phive-rules",
    ),
    Source(
        "PEPPOLBIS-T16.xslt",
        f"{_PHIVE}PEPPOLBIS-T16.xslt",
        "5f3d3f5139c9847485b4b9940e78139a2a9206693bb55b34cfb89f0bad175a0c",
        "Peppol Despatch Advice 3, OpenPEPPOL, compiled by phive-rules",
    ),
    Source(
        "PEPPOLBIS-T76.xslt",
        f"{_PHIVE}PEPPOLBIS-T76.xslt",
        "1340828c0aada553c59ae56b0e11fbbdc72e9b50f809b546a801f863606ca3f7",
        "Peppol Order Response 3, OpenPEPPOL, compiled by phive-rules",
    ),
    Source(
        "PEPPOLBIS-T110.xslt",
        f"{_PHIVE}PEPPOLBIS-T110.xslt",
        "cbb1419663186f800e8b531e57735c41cfecf18412fd81e85ca30a43954dcb7c",
        "Peppol Order Agreement 3, OpenPEPPOL, compiled by phive-rules",
    ),
    Source(
        "PEPPOLBIS-T114.xslt",
        f"{_PHIVE}PEPPOLBIS-T114.xslt",
        "c3932eabfc73c54c86d49cd3561d95a79b9929d24fb5ae2be4bf09dd86c44483",
        "Peppol Order Change 3, OpenPEPPOL, compiled by phive-rules",
    ),
    Source(
        "PEPPOLBIS-T115.xslt",
        f"{_PHIVE}PEPPOLBIS-T115.xslt",
        "c98b828c4c55fa7d30c8401558f174f530fef064fcdf4501c88122f58867129a",
        "Peppol Order Cancellation 3, OpenPEPPOL, compiled by phive-rules",
    ),
)
SCHEMAS: Final = "https://docs.oasis-open.org/ubl/os-UBL-2.1/UBL-2.1.zip"
"""Where OASIS publishes the XML Schemas of UBL 2.1; `crossdock edi rules add` takes the file as it is."""


def download(url: str) -> bytes:
    """The file at an https address. Raises `RulesRefused` when it cannot be had or is too large."""
    if not url.startswith("https://"):
        raise RulesRefused(f"{url} is no https address")
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
            data: bytes = answer.read(MAX_FILE + 1)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise RulesRefused(f"{url} cannot be had: {getattr(error, 'reason', error)}") from None
    if len(data) > MAX_FILE:
        raise RulesRefused(f"{url} is larger than {MAX_FILE} bytes")
    return data


def get(folder: Path, fetch: Callable[[str], bytes] = download) -> Iterator[Source]:
    """Put every published file into the folder, those first that are told. Raises `RulesRefused` for a file that is not the one tried."""
    for source in SOURCES:
        data = fetch(source.url)
        if hashlib.sha256(data).hexdigest() != source.sha256:
            raise RulesRefused(f"{source.url} is not the file this release was tried with; its SHA-256 differs")
        _write(folder / source.file, data)
        yield source


def add(folder: Path, path: Path) -> list[Path]:
    """Copy a schema, a rule file, a folder or a zip of them into the folder of rules. Raises `RulesRefused`; returns what was written."""
    if path.is_dir():
        files = [each for each in sorted(path.rglob("*")) if each.is_file() and each.suffix in SUFFIXES]
        pairs = [(PurePosixPath(path.name, *each.relative_to(path).parts), each.read_bytes) for each in files]
        return _all(folder, pairs)
    if not path.is_file():
        raise RulesRefused(f"there is no {path}")
    if path.suffix == ".zip":
        return _unpack(folder, path)
    if path.suffix not in SUFFIXES:
        raise RulesRefused(f"{path} is neither Schematron (.sch), a stylesheet (.xslt), a schema (.xsd) nor a zip of them")
    return _all(folder, [(PurePosixPath(path.name), path.read_bytes)])


def _unpack(folder: Path, path: Path) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                each
                for each in archive.infolist()
                if PurePosixPath(each.filename).suffix in SUFFIXES and "xsdrt" not in each.filename
            ]
            if any(each.file_size > MAX_FILE for each in members):
                raise RulesRefused(f"{path} holds a file larger than {MAX_FILE} bytes")
            pairs = [(PurePosixPath(path.stem, each.filename), partial(_bounded, archive, each)) for each in members]
            return _all(folder, pairs)
    except zipfile.BadZipFile:
        raise RulesRefused(f"{path} is no zip archive") from None


def _bounded(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise RulesRefused(f"{member.filename} is larger than it says")
    return data


def _all(folder: Path, pairs: Sequence[tuple[PurePosixPath, Callable[[], bytes]]]) -> list[Path]:
    if not pairs:
        raise RulesRefused("there is no Schematron, stylesheet or schema in it")
    if len(pairs) > MAX_FILES:
        raise RulesRefused(f"there are more than {MAX_FILES} files in it")
    written = []
    for name, read in pairs:
        target = folder.joinpath(*name.parts)
        if name.is_absolute() or ".." in name.parts or not target.resolve().is_relative_to(folder.resolve()):
            raise RulesRefused(f"{name} would lie outside of the folder of rules")
        _write(target, read())
        written.append(target)
    os.utime(folder)
    return written


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(target.name + ".part")
    half.write_bytes(data)
    half.replace(target)
