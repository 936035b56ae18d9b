"""Plans: numbers laid over a scenario equal numbers written into it; who a run is; what a plan refuses."""

from pathlib import Path

import numpy as np
import pytest
from sweeps import CAMPAIGN, INFLOW, LENGTH, plan_over, written
from worlds import merged

from sim.errors import InputError
from sim.experiment.blocks import Blocks, Pace, interleaved
from sim.experiment.design import Design
from sim.experiment.plan import check_disk
from sim.experiment.study import study
from sim.experiment.variant import Recipe, check_numbers, pack, unpack, variant
from sim.scenario.load import load, quantities
from sim.scenario.lower import lower

ROOT = Path(__file__).resolve().parents[1]


def test_a_number_laid_over_is_the_number_written_in_counterfactual_included(tmp_path: Path) -> None:
    """The ally's people are stated by the counterfactual itself, the length and the lift are not."""
    file = written(tmp_path)
    numbers = {INFLOW: 7000.0, LENGTH: 93.0, "sides.red.movement.lift.east": 400.0, "assess.kept_share": 0.6}
    slow = study(load(file, sets=[f"{path}={number}" for path, number in numbers.items()]), 3)
    fast = variant(load(file), 3)
    for draw in (0, 2):
        laid, set_in = fast.case(numbers, draw), slow.case(draw)
        for one, other in ((laid.main, set_in.main), (laid.counterfactual, set_in.counterfactual)):
            assert one is not None
            assert other is not None
            assert one.lowered.params.tobytes() == other.lowered.params.tobytes()  # type: ignore[attr-defined]
            assert one.lowered.aims == other.lowered.aims  # type: ignore[attr-defined]
    assert fast.case({}, 0).main.lowered.params.tobytes() != fast.case(numbers, 0).main.lowered.params.tobytes()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_every_number_of_the_flagship_laid_over_is_the_number_written_in() -> None:
    file = ROOT / "scenarios" / "kursk_2024.yaml"
    base = load(file)
    moved = {}
    for path, quantity in quantities(base, every=True):
        number = round(quantity.central * 1.01, 6) if not quantity.integer else quantity.central + 1
        if quantity.low <= number <= quantity.high and not path.startswith(("interventions", "choices")):
            moved[path] = float(number)
    skipped = {path for path in moved if path.endswith(".share") and ".tranches." in path}  # they have to add up to 1
    for path in skipped:
        del moved[path]
    assert len(moved) > 300
    slow = load(file, sets=[f"{path}={number!r}" for path, number in moved.items()])
    fast = variant(base, 0).case(moved, 0)
    assert slow.counterfactual is not None
    assert fast.counterfactual is not None
    pairs = ((fast.main, slow), (fast.counterfactual, slow.counterfactual))
    for world, written_in in pairs:
        assert world.lowered.params.tobytes() == lower(written_in, {}).params.tobytes()  # type: ignore[attr-defined]
        assert world.lowered.aims == lower(written_in, {}).aims  # type: ignore[attr-defined]


def test_a_point_meets_the_same_luck_and_the_same_assumptions(tmp_path: Path) -> None:
    fast = variant(load(written(tmp_path)), 3)
    lengths = {draw: fast.main.values(draw)[LENGTH] for draw in (1, 2)}
    for numbers in ({INFLOW: 0.0}, {INFLOW: 9000.0}):
        for draw, length in lengths.items():
            assert fast.case(numbers, draw).main.lowered.params[0]["front"][0]["length_km"] == length  # type: ignore[attr-defined]
    before, after = (
        fast.case({INFLOW: people}, 1).main.simulate(3, np.arange(2, dtype=np.uint64)) for people in (0.0, 9000.0)
    )
    np.testing.assert_array_equal(before.series[:, :9], after.series[:, :9])  # the ally lands on day 10
    assert (before.series[:, -1] != after.series[:, -1]).any()


def test_numbers_that_contradict_others_are_refused_at_a_point(tmp_path: Path) -> None:
    file = written(tmp_path)
    with pytest.raises(InputError, match=r"incursion.force.army: 25000 people are more than its reserve holds, 20000"):
        plan_over(file, ["incursion.force.army=5000,25000"])
    check_numbers(load(file), {"incursion.force.army": 25000.0, "sides.blue.contingents.army.reserve": 30000.0})


def test_hashes_know_a_point_wherever_it_stands(tmp_path: Path) -> None:
    file = written(tmp_path)
    one = plan_over(file, [f"{INFLOW}=0,1000,2000"])
    other = plan_over(file, [f"{INFLOW}=2000,500,0"])
    assert one.hashes[2] == other.hashes[0]
    assert one.hashes[0] == other.hashes[2]
    assert len({*one.hashes, *other.hashes}) == 4
    both = plan_over(file, ["red.answer=strike", f"{INFLOW}=0"])
    assert both.hashes[0] not in one.hashes
    assert plan_over(file, ["red.answer=strike"]).hashes[0] == load(file, ["red.answer=strike"]).hash


def test_the_id_follows_what_the_numbers_are_a_function_of(tmp_path: Path) -> None:
    file = written(tmp_path)
    vary = [f"{INFLOW}=0,1000"]
    ids = [
        plan_over(file, vary).id,
        plan_over(file, vary, Design(2, 1, 5)).id,
        plan_over(file, vary, Design(1, 2, 5)).id,
        plan_over(file, vary, Design(1, 1, 6)).id,
        plan_over(file, [f"{INFLOW}=0,1001"]).id,
        plan_over(file, vary, outcomes=["regained"]).id,
        plan_over(written(tmp_path, merged(CAMPAIGN, {"combat": {"posture": 1.1}})), vary).id,
    ]
    assert len(set(ids)) == len(ids)
    assert plan_over(written(tmp_path), vary).id == ids[0]


def test_choices_may_bring_outcomes_of_their_own(tmp_path: Path) -> None:
    plan = plan_over(written(tmp_path), ["red.answer=calm,strike"])
    names = [outcome.name for outcome in plan.outcomes]
    assert "red.expel.day" in names
    assert len(set(names)) == len(names)


def test_outcomes_bring_what_their_means_are_made_of(tmp_path: Path) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,1"], outcomes=["red.loss_exchange", "regained_day"])
    assert [each.name for each in plan.outcomes] == [
        "red.loss_exchange",
        "regained_day",
        "blue.casualties",
        "red.casualties",
        "regained",
    ]
    with pytest.raises(InputError, match=r"there is no outcome 'regaind'; did you mean 'regained'"):
        plan_over(written(tmp_path), [f"{INFLOW}=0,1"], outcomes=["regaind"])


def test_a_scenario_without_uncertain_numbers_has_one_draw(tmp_path: Path) -> None:
    certain = merged(CAMPAIGN, {"fronts": {"line": {"length": 100}}, "incursion": {"otherwise": {"share": 0.5}}})
    assert plan_over(written(tmp_path, certain), [f"{INFLOW}=0,1"], Design(1, 7, 5)).design.draws == 0


def test_plans_that_are_too_large_are_refused_with_what_to_do(tmp_path: Path) -> None:
    file = written(tmp_path)
    with pytest.raises(InputError, match=r"are 20,000,000 runs, more than 10,000,000; take fewer points"):
        plan_over(file, [f"{INFLOW}=0,1"], Design(1, 9, 1_000_000))
    plan = plan_over(file, [f"{INFLOW}=0,1"], Design(1, 9, 100_000))
    with pytest.raises(InputError, match=r"2,000,000 runs need about .* GB of disk, but only 1 GB is free; keep fewer"):
        check_disk(plan, 10**9)
    many = ",".join(str(k) for k in range(1001))
    with pytest.raises(InputError, match=r"make 1,001 scenarios that each have to be loaded, more than 1,000"):
        plan_over(file, [f"fronts.line.extent={many}"])


def test_a_number_that_a_choice_takes_away_is_refused(tmp_path: Path) -> None:
    base = "sides.red.policies.expel.base"
    raw = merged(CAMPAIGN, {"choices": {"red": {"answer": {"default": "strike"}}}})
    with pytest.raises(InputError, match=r"expel.base: there is no such number in the scenario with red.answer = calm"):
        plan_over(written(tmp_path, raw), ["red.answer=calm", f"{base}=1,2"])


@pytest.mark.parametrize("replications", [1, 4, 5])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_blocks_cover_what_is_missing_once_and_never_part_neighbours(
    tmp_path: Path, replications: int, size: int
) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,1,2"], Design(1, 2, replications))
    blocks, done = Blocks(plan), np.zeros(plan.runs, np.bool_)
    done[replications : 2 * replications] = True
    seen = np.zeros(plan.runs, np.int64)
    for first, last in blocks.missing(done, size):
        seen[first:last] += 1
        assert first % replications % 2 == 0
        assert last % replications % 2 == 0
        task = blocks.task(first, last)
        assert task.runs == last - first
        assert all(span.first % 2 == 0 for span in task.spans)
    assert (seen == ~done).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 89, 100])
def test_the_order_of_blocks_is_interleaved_and_complete(count: int) -> None:
    order = list(interleaved(count))
    assert sorted(order) == list(range(count))
    if count >= 89:
        tenth = order[: count // 10]
        assert min(tenth) < count / 4
        assert max(tenth) > 3 * count / 4


def test_the_size_of_a_block_follows_the_pace_and_leaves_no_worker_idle(tmp_path: Path) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0:3000:1"], Design(1, 0, 100))
    assert Pace(0.005, 0.0).size(plan, 2) == 100
    assert Pace(1e-9, 0.0).size(plan, 2) == 5000
    assert Pace(1e-9, 0.0).size(plan, 1000) == 76
    assert Pace(5.0, 0.0).size(plan, 2) == 2


def test_a_scenario_travels_as_a_few_kilobytes_and_is_unpacked_once(tmp_path: Path) -> None:
    loaded = load(ROOT / "scenarios" / "kursk_2024.yaml")
    packed = pack(Recipe(loaded))
    assert len(packed.content) < 60_000
    assert unpack(packed, 1) is unpack(packed, 1)
    assert unpack(packed, 1).main.loaded.hash == loaded.hash
