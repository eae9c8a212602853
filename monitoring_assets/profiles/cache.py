"""How a prepared reference is kept on disk: its numbers sorted, as memory maps.

A folder holds one version of a reference. It can be deleted at any time: what is in it is made
again from the reference's rows. Which folder belongs to which version is the caller's affair.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.profiles.columns import int_array, text_array
from monitoring_assets.profiles.exact import PreparedReference
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.storage import (
    layout_from_table,
    layout_to_table,
    profile_from_table,
    profile_to_table,
)
from monitoring_assets.stats.samples import CategorySample, NumericSample, Sample

_LAYOUT, _PROFILE, _CATEGORIES = "layout.parquet", "profile.parquet", "categories.parquet"


def save_reference(reference: PreparedReference, folder: Path) -> None:
    """Write a folder, whole or not at all; one that is there already is left as it is."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(layout_to_table(reference.layout), part / _LAYOUT)
        _write(profile_to_table(reference.profile), part / _PROFILE)
        _write(_category_table(reference.samples), part / _CATEGORIES)
        for place, name in enumerate(reference.layout.grids):
            sample = reference.samples[name]
            if isinstance(sample, NumericSample):
                np.save(part / _numbers(place), sample.values, allow_pickle=False)
        part.rename(folder)
    except OSError:
        if not folder.exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _numbers(place: int) -> str:
    return f"{place:05}.npy"


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _read(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:  # read_table imports pyarrow.dataset and pandas
        return file.read(use_threads=False)


def _category_table(samples: Mapping[str, Sample]) -> pa.Table:
    rows = [
        (name, category, n)
        for name, sample in samples.items()
        if isinstance(sample, CategorySample)
        for category, n in sample.counts.items()
    ]
    names, categories, counts = zip(*rows, strict=True) if rows else ((), (), ())
    arrays = [text_array(names), text_array(categories), int_array(counts)]
    return pa.Table.from_arrays(arrays, names=["column", "category", "n"])


def open_profile(folder: Path) -> tuple[Layout, Profile]:
    """Return the layout and the profile of a reference, all that the profile path needs.

    Raises:
        CorruptFileError: If the folder does not hold a whole reference of this version.
    """
    with _explained(folder):
        return _layout_and_profile(folder)


def open_reference(folder: Path) -> PreparedReference:
    """Return a reference whose numbers stay on disk until they are used.

    Raises:
        CorruptFileError: If the folder does not hold a whole reference of this version.
    """
    with _explained(folder):
        layout, profile = _layout_and_profile(folder)
        samples = {**_numeric_samples(folder, layout, profile), **_categories(folder, layout)}
        return PreparedReference(layout=layout, profile=profile, samples=samples)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, ValueError, KeyError, pa.ArrowException) as error:
        raise CorruptFileError(
            f"{folder} holds no readable reference ({error}): delete it to have it made again"
        ) from error


def _layout_and_profile(folder: Path) -> tuple[Layout, Profile]:
    layout = layout_from_table(_read(folder / _LAYOUT))
    profile = profile_from_table(_read(folder / _PROFILE))
    if profile.layout != layout.key:
        raise ValueError("its profile is of another layout")
    return layout, profile


def _numeric_samples(folder: Path, layout: Layout, profile: Profile) -> dict[str, Sample]:
    samples: dict[str, Sample] = {}
    for place, name in enumerate(layout.grids):
        values = np.load(folder / _numbers(place), mmap_mode="r", allow_pickle=False)
        if len(values) != profile.numeric[name].n:
            raise ValueError(f"{name} has {len(values)} values")
        # A plain array over the map: NumPy's memmap class costs time in every operation.
        samples[name] = NumericSample(np.asarray(values))
    return samples


def _categories(folder: Path, layout: Layout) -> dict[str, Sample]:
    counts: dict[str, dict[str, int]] = {name: {} for name in layout.categories}
    columns = (column.to_pylist() for column in _read(folder / _CATEGORIES).columns)
    for name, category, n in zip(*columns, strict=True):
        counts[name][category] = n
    return {name: CategorySample(found) for name, found in counts.items()}
