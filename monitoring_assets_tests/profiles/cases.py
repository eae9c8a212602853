"""Distributions of all kinds, and what tests make of them."""

import numpy as np
import pyarrow as pa

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.profile import Profile

N = 3000


def _shifted(draw):
    return lambda rng, shift: draw(rng) + shift


DISTRIBUTIONS = {
    "normal": _shifted(lambda rng: rng.normal(size=N)),
    "log-normal": lambda rng, shift: rng.lognormal(0, 2, N) * (1 + shift),
    "pareto": _shifted(lambda rng: rng.pareto(1.5, N)),
    "cauchy": _shifted(lambda rng: rng.standard_cauchy(N)),
    "zero-inflated": lambda rng, shift: rng.exponential(1 + shift, N) * (rng.random(N) < 0.6),
    "capped": lambda rng, shift: np.clip(rng.normal(shift, 1, N), -1, 1),
    "small integers": lambda rng, shift: rng.integers(0, 50 + round(10 * shift), N).astype(float),
    "large integers": lambda rng, shift: np.round(rng.normal(10_000 * shift, 20_000, N)),
    "two far points": lambda rng, shift: 1e6 * (rng.random(N) < 0.5 + shift / 5),
    "seconds since 1970": lambda rng, shift: 1.7e9 + rng.normal(shift, 1, N) * 1e5,
    "tiny": lambda rng, shift: rng.normal(shift, 1, N) * 1e-9,
    "huge": lambda rng, shift: rng.normal(shift, 1, N) * 1e120,
    "rounded": lambda rng, shift: np.round(rng.normal(shift, 1, N), 2),
    "uniform": _shifted(lambda rng: rng.random(N)),
    "one new value": lambda rng, shift: np.where(
        rng.random(N) < shift / 9, 77.0, rng.normal(size=N)
    ),
    "few values": lambda rng, shift: (
        rng.choice([1.0, 2.0, 5.0, 9.0], N, p=[0.4, 0.3, 0.2, 0.1]) + (rng.random(N) < shift / 5)
    ),
    "boolean": lambda rng, shift: (rng.random(N) < 0.3 + shift / 5).astype(float),
    "constant": lambda _, shift: np.full(N, 3.0 + shift),
}


def numbers(values) -> pa.Table:
    """Return a table of one numeric column x."""
    return pa.table({"x": pa.array(values, pa.float64())})


def pair(reference, current):
    """Return the layout of a reference and the profiles of both sides."""
    layout = layout_of(numbers(reference), ["x"], [])
    return layout, profile_of(numbers(reference), layout), profile_of(numbers(current), layout)


def assert_same(a: Profile, b: Profile) -> None:
    """Assert that counts are equal and sums agree to 1e-9 of their size."""
    assert (a.layout, a.rows) == (b.layout, b.rows)
    for name, one in a.numeric.items():
        other = b.numeric[name]
        for field in ("missing", "negative_infinite", "positive_infinite", "low", "high", "few"):
            assert getattr(one, field) == getattr(other, field), field
        np.testing.assert_array_equal(one.counts, other.counts)
        np.testing.assert_allclose(one.sums, other.sums, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.squares, other.squares, rtol=1e-9, atol=1e-30)
    for name, one in a.categorical.items():
        other = b.categorical[name]
        assert one.new.as_dict() == other.new.as_dict()
        for field in ("missing", "other", "border", "most", "distinct"):
            assert getattr(one, field) == getattr(other, field), field
        np.testing.assert_array_equal(one.known, other.known)
    size = np.sqrt(b.comoments.squares * b.comoments.rows).max(initial=0.0)  # of a sum, at most
    for field, unit in (("rows", 0), ("sums", 1), ("squares", 2), ("products", 2)):
        left, right = getattr(a.comoments, field), getattr(b.comoments, field)
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9 * size**unit)
