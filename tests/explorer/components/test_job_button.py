"""The button of a background process: what stands against its start is said there."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    from pathlib import Path

    from explorer.components.job_button import job
    from vae.errors import FileError
    from vae.runs.folder import Run

    def start(run: Run) -> None:
        raise FileError(f"{run.place} may not be written.")

    job(Run(Path("nowhere")), Path("no.log"), Path("no.npz"), "Evaluate", "", start, "")


def test_a_root_that_cannot_be_written_is_a_sentence_above_the_button() -> None:
    app = AppTest.from_function(page).run()
    assert not app.error
    app.button[0].click().run()
    assert [error.value for error in app.error] == ["nowhere may not be written."]
    assert not app.exception
