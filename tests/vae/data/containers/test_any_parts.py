"""Parts of any sizes and splits: each image once, or counted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vae.data.containers.samples import (
    loaded,
    picture,
    png,
    reasons,
    values,
    write_tar,
)

SPLITS = st.sampled_from(["train", "validation", "test", "part"])


SHARDS = st.lists(
    st.tuples(SPLITS, st.lists(st.booleans(), min_size=1, max_size=7)), min_size=1, max_size=5
)


def write_shard(kind: str, stem: Path, cells: Sequence[bytes], labels: Sequence[int]) -> None:
    """A part with these images, broken ones among them, and their labels."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        table = pa.table({"image": pa.array(cells, pa.binary()), "label": pa.array(labels)})
        pq.write_table(table, f"{stem}.parquet", row_group_size=len(cells) // 2 + 1)
    elif kind == "arrow":
        table = pa.table({"image": pa.array(cells, pa.binary()), "label": pa.array(labels)})
        with pa.ipc.new_stream(f"{stem}.arrow", table.schema) as writer:
            writer.write_table(table, max_chunksize=len(cells) // 2 + 1)
    else:
        members = {f"{label}.png": cell for label, cell in zip(labels, cells, strict=True)}
        members |= {f"{label}.cls": str(label).encode() for label in labels}
        write_tar(Path(f"{stem}.tar"), members)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "tar"])
@given(shards=SHARDS)
@settings(max_examples=30, deadline=None)
def test_each_image_of_any_parts_is_used_once_or_counted_with_its_own_label(
    kind: str, shards: Sequence[tuple[str, Sequence[bool]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        split_of: dict[int, str] = {}  # of the images that are whole
        num_broken = 0
        for place, (split, are_whole) in enumerate(shards):
            labels = range(number, number + len(are_whole))
            cells = [
                png(label) if is_whole else b"broken"
                for label, is_whole in zip(labels, are_whole, strict=True)
            ]
            # An image that is whole begins each set, so that its columns are seen as images.
            cells[0] = png(number)
            write_shard(kind, Path(folder, "set", f"{split}-{place}"), cells, labels)
            split_of |= {n: split for n, c in zip(labels, cells, strict=True) if c != b"broken"}
            num_broken += sum(cell == b"broken" for cell in cells)
            number += len(are_whole)
        data = loaded(Path(folder, "set"))
        found: dict[int, int] = {}  # image -> index in the collection
        labels_found = values(data, "label")
        for index in range(len(data.names)):
            try:
                image = np.asarray(data.read(index))
            except ValueError:
                num_broken -= 1
                continue
            label = int(float(str(labels_found[index])))
            assert np.array_equal(image, picture(label))
            assert label not in found
            found[label] = index
    apart = {number for number, split in split_of.items() if split == "test"}
    is_apart = bool(reasons(data).get("test"))
    assert found.keys() == split_of.keys() - (apart if is_apart else set())
    assert is_apart or num_broken == 0
    if data.validation_from is not None:
        held_out = {"validation"} if is_apart or "validation" in split_of.values() else {"test"}
        for number, index in found.items():
            assert (split_of[number] in held_out) == (index >= data.validation_from)
