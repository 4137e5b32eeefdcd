"""Writes docs/data.md and its pictures: python -m tests.vae.data.layouts"""

from __future__ import annotations

from pathlib import Path

from tests.vae.data.layouts.document import document

FOLDER = Path(__file__).parents[4] / "docs"

if __name__ == "__main__":
    text, sheets = document()
    (FOLDER / "data.md").write_text(text, encoding="utf-8")
    for name, sheet in sheets.items():
        path = FOLDER / "images" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path, optimize=True)
