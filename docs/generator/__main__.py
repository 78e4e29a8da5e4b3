"""`python -m docs.generator`: writes the generated reference pages."""

from __future__ import annotations

from pathlib import Path

from docs.generator.errors import kinds
from docs.generator.pages import PAGES

FOLDER = Path(__file__).parents[1] / "reference"

codes = FOLDER / "error-codes.txt"
kept = codes.read_text(encoding="utf-8").split()
# only added to: a code that is gone has to be taken off by hand, because somebody may build on it
codes.write_text("".join(f"{code}\n" for code in sorted({*kept, *(kind.code for kind in kinds())})), encoding="utf-8")

for name, made in PAGES.items():
    (FOLDER / name).write_text(made(), encoding="utf-8")
    print(FOLDER / name)
