"""What an import counted, and options of the command, in the words of the page."""

from __future__ import annotations

from explorer.drawing import labels


def test_what_is_left_out_is_told_apart_from_what_is_used() -> None:
    counts = {"used": 288, "table": 1, "broken": 12, "duplicate": 3, "test": 0}
    left_out = labels.left_out(counts)
    assert left_out == {"broken": 12, "duplicate": 3}
    assert labels.reasons(left_out) == "12 broken, 3 copied from another"


def test_options_of_the_command_are_the_fields_of_the_form() -> None:
    assert labels.in_form_words("data.crop fit keeps all") == "Crop fit keeps all"


def test_one_of_a_kind_is_not_many() -> None:
    assert labels.counted(1, "image") == "1 image"
    assert labels.counted(0, "image") == "0 images"
    assert labels.counted(2000, "image") == "2,000 images"
