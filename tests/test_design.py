import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.experiment.design import (
    LARGEST_SEED,
    SERIES_KEPT,
    Design,
    check_disk,
    check_size,
    duration,
    needs,
    sample,
    storage,
    uniform,
)
from sim.scenario.distributions import Distribution
from sim.scenario.schema import Joint
from sim.scenario.values import Quantity

designs = st.builds(Design, st.just(0), st.integers(0, 40), st.integers(1, 200))
SPREAD = Quantity(2.0, "1", Distribution("uniform", (1.0, 3.0)))
PEOPLE = Quantity(500.0, "people", Distribution("normal", (500.0, 100.0)), low=0.0, integer=True)


@given(designs, st.integers(1, 60))
def test_blocks_are_every_run_once_in_order(design: Design, size: int):
    runs = [(span.draw, span.first + k) for span in design.spans(size) for k in range(span.length)]
    assert runs == [(draw, rep) for draw in range(design.draws + 1) for rep in range(design.replications)]
    assert design.runs == len(runs)


@given(designs, st.integers(1, 60))
def test_a_block_never_parts_replications_2k_and_2k_plus_1(design: Design, size: int):
    assert all(span.first % 2 == 0 for span in design.spans(size))


@given(st.builds(Design, st.just(0), st.integers(0, 10_000), st.integers(1, 10_000)))
def test_series_are_kept_for_a_bounded_number_of_runs_the_same_in_each_sampled_draw(design: Design):
    sampled = {design.kept(draw) for draw in range(1, design.draws + 1)}
    assert design.kept(0) == min(design.replications, 1_000)
    assert sum(design.kept(draw) for draw in range(design.draws + 1)) <= SERIES_KEPT
    assert len(sampled) <= 1 or sampled == {0, 1}


def test_the_default_design_keeps_all_of_its_series():
    assert {Design().kept(draw) for draw in range(31)} == {100}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 1), "--seed: -1 is not between 0 and"),
        ((LARGEST_SEED + 1, 0, 1), "--seed"),
        ((0, -1, 1), "--draws: -1 is below 0"),
        ((0, 0, 0), "--replications: 0 is below 1; nothing would be run"),
        ((0, 0, -3), "--replications: -3 is below 1"),
    ],
)
def test_what_cannot_be_run_is_refused(arguments: tuple[int, int, int], message: str):
    with pytest.raises(InputError, match=message):
        Design(*arguments)


def test_a_design_that_is_too_large_says_what_it_would_need():
    design = Design(0, 30, 10**12)
    estimate = needs(design, worlds=2, outcomes=100, workers=2)
    assert estimate.seconds == pytest.approx(31e12 * 0.002)
    with pytest.raises(InputError, match=r"31,000,000,000,000 runs .* would need about .* years, .* PB of memory"):
        check_size(design, estimate, 2**62)
    modest = Design(0, 0, 1_000)
    with pytest.raises(InputError, match=r"this machine has 1 kB of memory"):
        check_size(modest, needs(modest, 1, 100, 1), 1_000)
    with pytest.raises(InputError, match=r"but only 1 kB of disk is free"):
        check_disk(needs(modest, 1, 100, 1), 1_000)
    check_size(modest, needs(modest, 1, 100, 1), 2**30)
    check_disk(needs(modest, 1, 100, 1), 2**30)


def test_times_and_sizes_as_people_say_them():
    assert [duration(s) for s in (0.4, 40, 200, 9_000, 2e6, 2e9)] == [
        "0 s", "40 s", "3 minutes", "2 hours", "23 days", "63 years"
    ]  # fmt: skip
    assert [storage(b) for b in (300e3, 2.5e6, 2.5e9, 3.2e13, 32e15)] == [
        "300 kB",
        "2.5 MB",
        "2.5 GB",
        "32 TB",
        "32 PB",
    ]


def test_a_uniform_number_is_known_by_its_address():
    assert uniform(0, 1, "luck.front_sigma") == 0.58929953179852


def test_uniform_numbers_look_uniform_and_independent():
    # 1 % points of Kolmogorov-Smirnov (1.63 / sqrt(n)) and of a correlation (2.58 / sqrt(n)); the addresses are fixed.
    n = 10_000
    one, other = (np.array([uniform(0, draw, path) for draw in range(n)]) for path in ("a", "b"))
    assert np.abs(np.sort(one) - (np.arange(n) + 0.5) / n).max() < 1.63 / np.sqrt(n)
    assert abs(np.corrcoef(one, other)[0, 1]) < 2.58 / np.sqrt(n)
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 2.58 / np.sqrt(n)
    assert 0.0 < one.min() <= one.max() < 1.0


@given(st.integers(0, LARGEST_SEED), st.integers(0, 10**9), st.text(max_size=30))
def test_a_uniform_number_is_never_0_or_1(seed: int, draw: int, path: str):
    assert 0.0 < uniform(seed, draw, path) < 1.0


def test_seed_0_is_a_seed():
    assert len({uniform(seed, 1, "a") for seed in range(100)}) == 100


def test_draw_0_has_the_central_values():
    assert sample({"a": SPREAD}, {}, 0, 0) == {}


def test_a_sampled_value_depends_on_nothing_but_its_address():
    alone = sample({"a": SPREAD}, {}, 7, 3)["a"]
    assert alone == sample({"z": PEOPLE, "a": SPREAD, "b": SPREAD}, {}, 7, 3)["a"]
    assert alone == SPREAD.quantile(uniform(7, 3, "a"))
    assert alone not in (sample({"a": SPREAD}, {}, 7, 4)["a"], sample({"a": SPREAD}, {}, 8, 3)["a"])


def test_people_are_sampled_whole():
    values = [sample({"a": PEOPLE}, {}, 0, draw)["a"] for draw in range(1, 50)]
    assert all(value.is_integer() for value in values)
    assert len(set(values)) > 10


def test_a_joint_sample_gives_whole_rows_in_place_of_the_marginals():
    table = Joint(paths=["a", "c"], rows=[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    drawn = [sample({"a": SPREAD, "b": SPREAD}, {"posterior": table}, 0, draw) for draw in range(1, 40)]
    assert {(row["a"], row["c"]) for row in drawn} == {(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)}
    assert len({row["b"] for row in drawn}) == 39
