from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.profiles.building import empty_profile, profile_batches, profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.profile import beside, merge
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS, assert_same, numbers

values = st.lists(
    st.tuples(
        st.none() | st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf]),
        st.none() | st.floats(-1e3, 1e3),
        st.none() | st.sampled_from([*"abc", *(f"new {k}" for k in range(20))]),
    ),
    max_size=40,
)


def table(rows):
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        {
            "x": pa.array(columns[0], pa.float64()),
            "y": pa.array(columns[1], pa.float64()),
            "c": pa.array(columns[2], pa.string()),
        }
    )


RNG = np.random.default_rng(0)
REFERENCE = table(list(zip(RNG.normal(size=200), RNG.normal(size=200), "abca" * 50, strict=True)))
LAYOUT = layout_of(REFERENCE, ["x", "y"], ["c"], most_categories=5)


@settings(max_examples=150, deadline=None)
@given(values, values, values)
def test_merging_is_associative_commutative_and_equal_to_the_whole(a, b, c):
    whole = profile_of(table(a + b + c), LAYOUT)
    pa_, pb, pc = (profile_of(table(rows), LAYOUT) for rows in (a, b, c))
    assert_same(merge(merge(pa_, pb), pc), whole)
    assert_same(merge(pa_, merge(pb, pc)), whole)
    assert_same(merge(pc, merge(pb, pa_)), whole)


@settings(max_examples=50, deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert_same(profile_of(table(shuffled), LAYOUT), profile_of(table(rows), LAYOUT))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("threads", [1, 3])
def test_batches_make_the_same_profile_as_the_whole(name, threads):
    drawn = numbers(DISTRIBUTIONS[name](np.random.default_rng(1), 0.0))
    layout = layout_of(drawn, ["x"], [])
    found = profile_batches(drawn.to_batches(max_chunksize=271), layout, threads=threads)
    assert_same(found, profile_of(drawn, layout))


def test_threads_do_not_change_a_single_bit():
    drawn = numbers(RNG.normal(size=5000))
    layout = layout_of(drawn, ["x"], [])
    one, three = (
        profile_batches(drawn.to_batches(max_chunksize=100), layout, threads=n) for n in (1, 3)
    )
    np.testing.assert_array_equal(one.numeric["x"].sums, three.numeric["x"].sums)
    assert one.numeric["x"].squares == three.numeric["x"].squares


def test_no_rows_are_a_profile_that_changes_nothing():
    some = profile_of(REFERENCE, LAYOUT)
    assert_same(merge(empty_profile(LAYOUT), some), some)
    assert empty_profile(LAYOUT).numeric["x"].n == 0


def test_profiles_of_two_layouts_are_not_merged():
    other = layout_of(REFERENCE, ["x", "y"], ["c"], most_categories=6)
    with pytest.raises(ValueError, match="different layouts"):
        merge(profile_of(REFERENCE, LAYOUT), profile_of(REFERENCE, other))


def test_moments_are_those_of_the_finite_values():
    rows = [1.0, 2.0, 4.0, None, np.nan, np.inf, -np.inf, -np.inf]
    layout = layout_of(numbers(rows), ["x"], [])
    found = profile_of(numbers(rows), layout).numeric["x"]
    assert (found.n, found.missing, found.negative_infinite, found.positive_infinite) == (
        3,
        2,
        2,
        1,
    )
    assert (found.low, found.high) == (1.0, 4.0)
    assert found.mean(layout.grids["x"].centre) == pytest.approx(7 / 3)
    assert found.deviation == pytest.approx(np.std([1.0, 2.0, 4.0]))
    assert found.few == {1.0: 1, 2.0: 1, 4.0: 1}


def test_values_far_from_the_reference_and_close_together_keep_their_deviation():
    layout = layout_of(numbers([0.0, 1.0]), ["x"], [])
    far = 1e9 + RNG.normal(size=1000)
    parts = [profile_of(numbers(part), layout) for part in np.split(far, 10)]
    assert reduce(merge, parts).numeric["x"].deviation == pytest.approx(far.std(), rel=1e-9)


def test_more_than_32_distinct_numbers_are_not_kept():
    layout = layout_of(numbers([0.0, 1.0]), ["x"], [])
    a, b = (profile_of(numbers(np.arange(20.0) + k), layout) for k in (0, 13))
    assert merge(a, b).numeric["x"].few is None
    assert len(merge(a, a).numeric["x"].few) == 20


def test_a_missing_column_has_no_values():
    found = profile_of(REFERENCE.drop_columns(["x", "c"]), LAYOUT)
    assert found.numeric["x"].missing == found.categorical["c"].missing == 200
    assert found.numeric["y"].n == 200


def test_unreadable_numbers_are_missing():
    found = profile_of(pa.table({"x": ["1.5", "many", None]}), LAYOUT).numeric["x"]
    assert (found.n, found.missing, found.low) == (1, 2, 1.5)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, None, 2], pa.int16()),
        pa.array([1.0, 2.0, np.nan, 2.0]),
        pa.array(["1", "2", None, "2"]),
        pa.array(["1", "2", None, "2"]).dictionary_encode(),
        pa.chunked_array([["1", "2"], [], [None, "2"]]),
    ],
)
def test_categories_are_the_same_in_whatever_form_they_come(column):
    layout = layout_of(pa.table({"c": ["1", "2"]}), [], ["c"])
    found = profile_of(pa.table({"c": column}), layout).categorical["c"]
    assert (found.known.tolist(), found.missing, found.n, found.distinct) == ([1, 2], 1, 3, 2)


def test_the_number_of_categories_beyond_the_cap_is_estimated():
    layout = layout_of(pa.table({"c": ["a"]}), [], ["c"], most_categories=500)
    names = [f"user {k}" for k in range(8000)]
    parts = [profile_of(pa.table({"c": names[k::7]}), layout) for k in range(7)]
    found = reduce(merge, parts).categorical["c"]
    assert found.n == 8000
    assert len(found.new.names) == 500
    assert found.distinct == pytest.approx(8000, rel=0.15)


@pytest.mark.parametrize(
    "column",
    [
        pa.DictionaryArray.from_arrays([0, 1, 2, 2, None], ["a", "b", "b"]),
        pa.DictionaryArray.from_arrays([3, 0, 0, 0, 1], ["b", None, "unused", "a"]),
        pa.chunked_array(
            [
                pa.array(["a", "b"]).dictionary_encode(),
                pa.array(["b", None, "b"]).dictionary_encode(),
            ]
        ),
    ],
)
def test_dictionaries_may_hold_repeats_nulls_and_more_than_there_is(column):
    layout = layout_of(pa.table({"c": ["a"]}), [], ["c"])
    found = profile_of(pa.table({"c": column}), layout).categorical["c"]
    assert (found.known.tolist(), found.new.as_dict(), found.missing) == ([1], {"b": 3}, 1)


def test_numbers_of_one_text_are_one_category():
    layout = layout_of(pa.table({"c": ["1"]}), [], ["c"])
    found = profile_of(pa.table({"c": [0.0, -0.0, 1.0, np.nan]}), layout).categorical["c"]
    assert (found.known.tolist(), found.new.as_dict(), found.missing) == ([1], {"0": 2}, 1)


def test_batches_may_differ_in_their_types_and_columns():
    rows = REFERENCE.slice(0, 50)
    encoded = rows.column("c").combine_chunks().dictionary_encode()
    batches = [
        rows,
        rows.set_column(rows.schema.get_field_index("c"), "c", encoded),
        rows.drop_columns(["c", "x"]),
        rows.slice(0, 0),
    ]
    whole = profile_of(REFERENCE.slice(0, 50), LAYOUT)
    found = profile_batches(batches, LAYOUT)
    assert_same(found, reduce(merge, [whole, whole, profile_of(batches[2], LAYOUT)]))
    assert found.categorical["c"].missing == found.numeric["x"].missing == 50


@pytest.mark.parametrize(("numeric", "categorical"), [([], ["c"]), (["x"], []), ([], [])])
def test_rows_are_counted_whatever_the_columns_are(numeric, categorical):
    layout = layout_of(REFERENCE, numeric, categorical)
    assert profile_batches(REFERENCE.to_batches(max_chunksize=30), layout).rows == 200


def test_only_profiles_of_the_same_rows_are_put_side_by_side():
    a, b = (profile_of(REFERENCE.slice(0, n), LAYOUT) for n in (3, 4))
    with pytest.raises(ValueError, match="same rows"):
        beside(a, b)


def test_a_text_has_the_same_hash_wherever_it_stands():
    from monitoring_assets.profiles.columns import text_array, text_hashes

    texts = ["", "\0", "a", "b", "ab", "ba", "é", "eightlet", "eightlet" * 2]
    texts += ["a" * length for length in range(2, 26)]
    texts += ["a" * 1024, "a" * 1025, "a" * 1024 + "b", "b" * 5000]
    together = text_hashes(text_array(texts))
    assert len(set(together.tolist())) == len(texts)
    assert [int(text_hashes(text_array([t]))[0]) for t in texts] == together.tolist()
    np.testing.assert_array_equal(text_hashes(text_array(texts).slice(2, 30)), together[2:32])


def test_hashes_of_similar_texts_are_spread_evenly():
    from monitoring_assets.profiles.columns import text_array, text_hashes

    texts = [f"user {a:03}-{b:03}" for a in range(100) for b in range(200)]
    hashes = np.sort(text_hashes(text_array(texts)) / 2**64)
    assert np.abs(hashes - np.linspace(0, 1, len(texts))).max() < 1.95 / np.sqrt(len(texts))
