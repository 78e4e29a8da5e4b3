"""`python -m docs.generator`: writes the generated reference pages."""

from __future__ import annotations

from pathlib import Path

from docs.generator.pages import PAGES

FOLDER = Path(__file__).parents[1] / "reference"

for name, made in PAGES.items():
    (FOLDER / name).write_text(made(), encoding="utf-8")
    print(FOLDER / name)
