"""How a prepared reference is kept on disk: its numbers sorted, as memory maps.

A folder holds one version of a reference, or the part of it for a weekday. It can be deleted at
any time: what is in it is made again from the reference's rows. Which folder belongs to which
version is the caller's affair.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.profiles.columns import int_array, text_array
from monitoring_assets.profiles.exact import PreparedReference
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.segments import WHOLE, SegmentedProfile
from monitoring_assets.profiles.storage import (
    layout_from_table,
    layout_to_table,
    parts_from_table,
    parts_to_table,
)
from monitoring_assets.stats.samples import CategorySample, NumericSample, Sample

_LAYOUT, _PROFILES, _CATEGORIES = "layout.parquet", "profiles.parquet", "categories.parquet"


class ReferenceCache(Protocol):
    """Where the parts of one version of a reference are kept once they were prepared."""

    def part(self, name: str, make: Callable[[], PreparedReference]) -> PreparedReference:
        """Return a part; it is made where it is not kept."""


class MemoryCache:
    """A `ReferenceCache` that lasts as long as the process."""

    def __init__(self) -> None:
        self._parts: dict[str, PreparedReference] = {}

    def part(self, name: str, make: Callable[[], PreparedReference]) -> PreparedReference:
        """Return a part; it is made where it is not kept."""
        if name not in self._parts:
            self._parts[name] = make()
        return self._parts[name]


class FolderCache:
    """A `ReferenceCache` on disk: parts of the newest edition, as memory maps."""

    def __init__(self, folder: Path, edition: str) -> None:
        """Take the folder of one version of a reference.

        Args:
            folder: Where its editions lie; older ones are removed when a newer one is kept.
            edition: A name that changes with the rows, and with what is kept of them.
        """
        self._folder = folder / edition
        self._memory = MemoryCache()

    def part(self, name: str, make: Callable[[], PreparedReference]) -> PreparedReference:
        """Return a part; it is made where it is not kept, or was damaged."""
        return self._memory.part(name, lambda: self._opened(name) or self._kept(name, make()))

    def _opened(self, name: str) -> PreparedReference | None:
        if not (self._folder / name).exists():
            return None
        try:
            return open_reference(self._folder / name)
        except CorruptFileError:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            return None

    def _kept(self, name: str, made: PreparedReference) -> PreparedReference:
        self._forget_older_editions()
        try:
            save_reference(made, self._folder / name)
        except OSError:  # a full disk costs time, not the result
            return made
        return open_reference(self._folder / name)

    def _forget_older_editions(self) -> None:
        for other in self._folder.parent.glob("*"):
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)


def save_reference(reference: PreparedReference, folder: Path) -> None:
    """Write a folder, whole or not at all; one that is there already is left as it is."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(layout_to_table(reference.layout), part / _LAYOUT)
        _write(parts_to_table(reference.profiles.parts), part / _PROFILES)
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
        layout, profiles = _layout_and_profiles(folder)
        return layout, profiles.whole


def open_reference(folder: Path) -> PreparedReference:
    """Return a reference whose numbers stay on disk until they are used.

    Raises:
        CorruptFileError: If the folder does not hold a whole reference of this version.
    """
    with _explained(folder):
        layout, profiles = _layout_and_profiles(folder)
        numbers = _numeric_samples(folder, layout, profiles.whole)
        samples = {**numbers, **_categories(folder, layout)}
        return PreparedReference(layout=layout, profiles=profiles, samples=samples)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, ValueError, KeyError, pa.ArrowException) as error:
        raise CorruptFileError(
            f"{folder} holds no readable reference ({error}): delete it to have it made again"
        ) from error


def _layout_and_profiles(folder: Path) -> tuple[Layout, SegmentedProfile]:
    layout = layout_from_table(_read(folder / _LAYOUT))
    parts = parts_from_table(_read(folder / _PROFILES))
    whole = parts.pop(WHOLE)
    if whole.layout != layout.key:
        raise ValueError("its profile is of another layout")
    return layout, SegmentedProfile(whole=whole, segments=parts)


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
