"""Coverage-guided fuzzing of the EDI readers with atheris (libFuzzer): whatever the bytes are, findings and never an exception.

    python -m tests.fuzz --seconds 60

Begins with the messages of the tests and the small samples of the corpus, ends after the time given, and fails with the input that broke it
(kept as `crash-...` in the folder `--keep`).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crossdock.edi"]):
    from crossdock.edi.acknowledge import NothingToAcknowledge, acknowledge
    from crossdock.edi.check import check_bytes
    from crossdock.edi.show import show

from tests.edi.messages import corpus_folder
from tests.edi.test_readers_never_fail import EDIFACT_SEEDS, X12_SEEDS

LARGEST = 4096
"""Bytes of an input; what breaks readers is small."""
MOMENT = datetime(2026, 1, 5, 12, tzinfo=UTC)
VERDICTS = {"ok", "findings", "refused"}


def one(data: bytes) -> None:
    """Read one input in every way a file is read."""
    found = check_bytes(data, guide="auto")
    for _ in show([data], limit=2_000):
        pass
    with contextlib.suppress(NothingToAcknowledge):
        acknowledge(data, moment=MOMENT)
    assert found["verdict"] in VERDICTS
    assert found["verdict"] == "ok" or found["findings"]
    for each in found["findings"]:
        assert 0 <= each["position"] <= len(data) + 3, each


def seeds(folder: Path) -> None:
    """Inputs to begin with."""
    for number, each in enumerate([*X12_SEEDS, *EDIFACT_SEEDS]):
        (folder / f"own-{number}").write_bytes(each)
    corpus = corpus_folder()
    for number, path in enumerate(sorted(corpus.rglob("*")) if corpus is not None else ()):
        if path.is_file() and path.stat().st_size <= LARGEST:
            (folder / f"sample-{number}").write_bytes(path.read_bytes())


def main() -> None:
    given = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given.add_argument("--seconds", type=int, default=60)
    given.add_argument("--keep", type=Path, default=Path())
    chosen = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossdock-fuzz-") as folder:
        seeds(Path(folder))
        chosen.keep.mkdir(parents=True, exist_ok=True)
        atheris.Setup(
            [sys.argv[0], folder, f"-max_total_time={chosen.seconds}", f"-max_len={LARGEST}", "-timeout=10", "-rss_limit_mb=1024",
             f"-artifact_prefix={chosen.keep}/", "-print_final_stats=1"],
            one,
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
