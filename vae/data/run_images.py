"""The images that a run began with, also when they have moved, changed or gone since.

They are known by their fingerprint, and lie in the import cache as long as nobody empties it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vae.config import DataConfig
from vae.data.dataset import Dataset, downloads, open_dataset, open_import
from vae.data.import_cache import FORMAT, find_import, imported_as
from vae.data.source_names import is_there, nothing_at, plain_source, source_path
from vae.data.sources import locate
from vae.data.tally import Progress
from vae.data.versions.version_file import is_version, moved_version
from vae.errors import ExplainedError, ImagesGoneError, InputError


def open_run_images(
    config: DataConfig, cache: Path, fingerprint: str | None, progress: Progress | None = None
) -> Dataset:
    """The images of a run: from their import, or from their source where that is not there.

    `fingerprint`: of the images; None for a run that has not written it down, whose images come
    from the source, or from the newest import of it where it is gone. Raises ImagesGoneError where
    they are nowhere.
    """
    if plain_source(config.source) == "synthetic":
        return open_dataset(config, cache, progress)
    kept = find_import(cache, fingerprint, config)
    if kept is not None and fingerprint is not None:
        return open_import(kept, config)
    try:
        dataset = open_dataset(config, cache, progress)
    except ExplainedError as error:
        if kept is not None:
            return open_import(kept, config)
        path = source_path(plain_source(config.source))
        is_nowhere = path is not None and not is_there(path)
        why = f"{nothing_at(config.source)} any more." if is_nowhere else str(error)
        raise ImagesGoneError(why) from error
    if fingerprint not in (None, dataset.fingerprint):
        raise ImagesGoneError(
            f"The images of {config.source} are no longer those that the run began with."
        )
    return dataset


def open_new_place(
    config: DataConfig,
    was: str,
    cache: Path,
    fingerprint: str,
    progress: Progress | None = None,
) -> tuple[DataConfig, Dataset]:
    """The images that `config` names, where they are those of this fingerprint, and their config.

    They are imported from there, and whoever asks for this fingerprint finds that import from now
    on. `was`: their source before. Where that is a data version, `config` may name the new place of
    what it was made of: it is made of that from now on, and stays the source. Raises InputError
    where nothing is there, or other images are.
    """
    file = Path(was)
    if is_version(file) and not is_version(Path(config.source)):
        source = replace(config, source=was)
        with moved_version(file, config.source, locate(config.source, downloads(cache))):
            dataset = _open_these(source, cache, fingerprint, progress)
        return source, dataset
    return config, _open_these(config, cache, fingerprint, progress)


def _open_these(
    config: DataConfig, cache: Path, fingerprint: str, progress: Progress | None
) -> Dataset:
    dataset = open_dataset(config, cache, progress)
    if dataset.fingerprint != fingerprint:
        raise InputError(
            f"The {len(dataset):,} images of {config.source} are not those that the run began "
            "with: give the place where those are now, all of them and unchanged."
        )
    return dataset


def since_import(config: DataConfig, cache: Path, dataset: Dataset) -> str:
    """What has become of the source since `dataset` was imported from it, in a sentence, or ""."""
    if dataset.manifest.get("format") != FORMAT:  # synthetic, or from before: it cannot be told
        return ""
    try:
        now = imported_as(locate(config.source, downloads(cache)), config, cache)
    except ExplainedError:
        what = "are no longer where they were"
    else:
        if now == dataset.fingerprint:
            return ""
        what = "may have changed since"
    return (
        f"The images of {config.source} {what}: the run goes on with those it began with, from "
        "their import."
    )
