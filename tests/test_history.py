"""Battles beside the model: synthetic battles with a known truth are told for what they are, and so is a wrong model.

Bounds stood before the runs: 4 standard errors, as the fit itself states them, for an estimate against the truth.
"""

import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.analysis import history, history_score
from sim.analysis import history_fit as fits
from sim.analysis.history import Against, History, examine
from sim.analysis.history_fit import Estimate, Values
from sim.analysis.history_model import Laws, default_laws, engagements
from sim.analysis.history_sample import usable
from sim.analysis.history_score import LINEAR, PEOPLE, POWER, SHARE, of_people
from sim.cli import main as cli
from sim.errors import InputError
from sim.experiment.read_result import read_result
from sim.scenario.battles import REDUCED, Battle, read

Command = Callable[..., tuple[int, str, str]]

TRUE = Laws(0.3, 0.8, 0.7, 0.3, 1.5, 0.6, 1.3, 1.23, 2.24)
ROOT = Path(__file__).resolve().parents[1]
CAMPAIGNS, EACH = 100, 6
SHARED = os.environ.get("TWOFRONT_BATTLES", "")  # a file of CDB90, for the test that wants the real one


def factor(spread: float, shape: tuple[int, ...], rng: np.random.Generator) -> Values:
    """Lognormal factors of mean one."""
    sigma = math.sqrt(math.log1p(spread**2))
    return np.exp(sigma * rng.normal(size=shape) - sigma**2 / 2)


def by_the_laws(laws: Laws, forces: Values, runs: int, seed: int) -> Values:
    """What `engagements` returns, from E2, E6 and E7 in numpy."""
    rng, shape = np.random.default_rng(seed), (len(forces), runs)
    works, surprise = 1 + (laws.works_multiplier - 1) * forces[:, 2], 1 + (laws.surprise_multiplier - 1) * forces[:, 3]
    shield = laws.posture * works / surprise
    ratio = np.log(forces[:, 0] / forces[:, 1])
    power = ratio - np.log(shield)
    p = 1 / (1 + np.exp(-laws.win_intercept - laws.win_slope * power))
    won = (rng.random(shape) < p[:, None]).astype(np.float64)
    mean = (laws.own_exponent - laws.enemy_exponent) * ratio + laws.enemy_exponent * np.log(shield)
    noise = np.log(factor(laws.casualty_spread, shape, rng) / factor(laws.casualty_spread, shape, rng))
    loss = mean[:, None] + (1 - 2 * won) * math.log(laws.beaten_multiplier) + noise
    return np.stack((won, loss, np.broadcast_to(power[:, None], shape)))


def battles(laws: Laws, seed: int, campaigns: int = CAMPAIGNS) -> list[Battle]:
    """Battles that follow laws with people alone, and one number of the model's level."""
    rng = np.random.default_rng(seed)
    count = campaigns * EACH
    forces = np.column_stack((1e4 * np.exp(rng.normal(0.5, 0.8, count)), np.full(count, 1e4), np.zeros((count, 2))))
    won, loss, _ = by_the_laws(of_people(laws), forces, 1, seed + 1)[:, :, 0]
    return [
        Battle(
            "", f"campaign {k // EACH}", 1943, *forces[k, :2], 500 * math.exp(loss[k]), 500, 2 * won[k] - 1, "", 0, 1, k
        )
        for k in range(count)
    ]


@pytest.fixture(scope="module", autouse=True)
def smaller() -> Iterator[None]:
    """A standard error from 150 samples is good to 6 %, a share from 300 engagements to 0.03: enough for all bounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fits, "RESAMPLES", 150)
        for module in (history, history_score):
            patch.setattr(module, "RUNS", 300)
        patch.setattr(history, "CURVE_RUNS", 300)
        yield


@pytest.fixture(scope="module")
def found(smaller: None) -> History:
    return examine(battles(TRUE, 1), TRUE, 0, by_the_laws)


def default(found: History, name: str) -> Against:
    return next(each for each in found.defaults if each.name == name)


# --- fits -------------------------------------------------------------------------------------------------------------


def test_the_truth_lies_within_four_standard_errors_and_errors_are_small(found: History) -> None:
    truth = {
        "win_intercept (a)": 0.3,
        "win_slope (b)": 0.8,
        "p - q (winner known)": 0.4,
        "beaten": 1.5,
        "casualty_spread across campaigns": 0.6,
    }
    for name, value in truth.items():
        each = default(found, name)
        assert abs(each.history.value - value) < 4 * each.history.error < 0.6, name
        assert not each.contradicted or abs(each.apart) < 4, name


def test_a_default_that_history_contradicts_is_told() -> None:
    wrong = replace(TRUE, win_slope=-0.5, beaten_multiplier=0.8, own_exponent=0.0, enemy_exponent=1.0)
    told = {each.name: each.contradicted for each in examine(battles(TRUE, 2), wrong, 0, by_the_laws).defaults}
    assert told["win_slope (b)"]
    assert told["beaten"]
    assert told["p - q (winner known)"]
    assert told["slope of ln loss ratio"]


def test_newton_finds_the_maximum_of_the_likelihood_that_scipy_finds() -> None:
    from scipy.optimize import minimize

    won, _, _ = usable(battles(TRUE, 3, 20))
    weights = np.stack((np.ones(len(won)), np.arange(len(won)) % 3))
    for weight, (a, b) in zip(weights, fits.logit_fits(won.ratio, won.won, weights), strict=True):

        def minus(z: Values, weight: Values = weight) -> float:
            return float(weight @ fits.log_score(1 / (1 + np.exp(-z[0] - z[1] * won.ratio)), won.won))

        np.testing.assert_allclose((a, b), minimize(minus, np.zeros(2)).x, atol=1e-4)


def test_lines_are_those_of_numpy_with_the_same_weights() -> None:
    rng = np.random.default_rng(4)
    x, y, weights = rng.normal(size=40), rng.normal(size=40), rng.integers(0, 4, (3, 40)).astype(float)
    made = fits.line_fits(np.column_stack((np.ones(40), x)), y, weights)
    for weight, (a, b) in zip(weights, made, strict=True):
        np.testing.assert_allclose((b, a), np.polyfit(x, y, 1, w=np.sqrt(weight)))


def test_a_ratio_that_separates_has_no_fit() -> None:
    x = np.linspace(-1, 1, 30)
    assert np.isnan(fits.logit_fits(x, (x > 0).astype(float), np.ones((1, 30)))).all()


def test_battles_of_a_campaign_count_as_one() -> None:
    """The same battle ten times in each campaign says no more than once: equal errors, not smaller by sqrt(10)."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=60), rng.normal(size=60)
    errors = []
    for times in (1, 10):
        cluster, terms = np.repeat(np.arange(60), times), np.column_stack((np.ones(60 * times), np.repeat(x, times)))
        drawn = fits.line_fits(terms, np.repeat(y, times), fits.resamples(cluster, 500, 0))
        errors.append(drawn[:, 1].std())
    assert errors[1] == pytest.approx(errors[0])


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """95 % intervals of 200 samples: a binomial with 40 campaigns each; 0.88 to 0.99 is beyond 4 standard errors."""
    rng, inside = np.random.default_rng(6), 0
    cluster = np.repeat(np.arange(40), 3)
    for _ in range(200):
        x = rng.normal(size=120)
        y = 0.5 * x + rng.normal(size=40)[cluster] + rng.normal(size=120)
        terms = np.column_stack((np.ones(120), x))
        slopes = fits.line_fits(terms, y, np.concatenate((np.ones((1, 120)), fits.resamples(cluster, 200, 1))))[:, 1]
        each = fits.estimate(float(slopes[0]), slopes[1:])
        inside += each.low <= 0.5 <= each.high
    assert 0.88 <= inside / 200 <= 0.99


def test_the_spread_within_campaigns_leaves_out_what_campaigns_have_of_their_own() -> None:
    rng = np.random.default_rng(7)
    cluster = np.repeat(np.arange(200), 5)
    y = 3 * rng.normal(size=200)[cluster] + 0.7 * rng.normal(size=1000)
    terms, once = np.column_stack((np.ones(1000), rng.normal(size=1000))), np.ones((1, 1000))
    assert fits.residual_sds(terms, y, once)[0] > 2.5
    assert fits.inner_sds(terms, y, once, cluster)[0] == pytest.approx(0.7, abs=4 * 0.7 / math.sqrt(2 * 800))


# --- scores -----------------------------------------------------------------------------------------------------------


def test_the_true_model_is_told_from_a_constant_and_a_wrong_one_too(found: History) -> None:
    scored = {each.name: each for each in found.wins.scored}
    assert scored[SHARE].first.difference == 0
    assert scored[PEOPLE].first.high < 0
    upside_down = examine(battles(TRUE, 8), replace(TRUE, win_slope=-1.5), 0, by_the_laws)
    for each in upside_down.wins.scored[-3:]:
        assert each.first.low > 0, each.name
        assert each.second is not None
        assert each.second.low > 0, each.name


def test_laws_of_losses_are_scored_by_how_the_ratio_changes_and_not_by_its_level(found: History) -> None:
    scored = {each.name: each.first for each in found.losses.scored}
    assert scored[PEOPLE].high < 0 < scored["Lanchester's square law"].low
    dearer = [replace(each, attacker_losses=7 * each.attacker_losses) for each in battles(TRUE, 1)]
    again = {each.name: each.first for each in examine(dearer, TRUE, 0, by_the_laws).losses.scored}
    assert again["E7, people"].score == pytest.approx(scored["E7, people"].score)
    assert again[LINEAR].score == pytest.approx(scored[LINEAR].score)


def test_a_campaign_is_foreseen_without_its_own_battles() -> None:
    """Campaign 0 wins everything, the others half: its share is foreseen as theirs."""
    cluster = np.repeat(np.arange(4), 2)
    won = np.array([1, 1, 1, 0, 1, 0, 1, 0.0])
    others = fits.without_each(cluster)
    assert ((others @ won) / others.sum(1)).tolist() == [0.5, 4 / 6, 4 / 6, 4 / 6]


def test_the_band_covers_what_it_says_and_a_narrow_one_less(found: History) -> None:
    """600 battles: 0.90 within 4 standard errors of 0.012; half of the spread covers about 0.65."""
    assert 0.85 <= found.losses.coverage[PEOPLE].share <= 0.95
    assert 0.85 <= found.mended.share <= 0.95
    narrow = examine(battles(TRUE, 1), replace(TRUE, casualty_spread=0.3), 0, by_the_laws)
    assert narrow.losses.coverage[PEOPLE].share < 0.75
    assert 0.85 <= narrow.mended.share <= 0.95


def test_bins_hold_every_battle_once(found: History) -> None:
    for bins in (found.shares, *found.wins.calibration.values()):
        assert sum(each.battles for each in bins) == len(found.won)
        assert sum(each.battles * each.share for each in bins) == pytest.approx(found.won.won.sum())
        assert all(each.low <= each.share <= each.high for each in bins)


def test_scores_are_those_of_their_definitions() -> None:
    p, won = np.array([0.8, 0.3]), np.array([1.0, 0.0])
    assert fits.brier(p, won) == pytest.approx([0.04, 0.09])
    assert fits.log_score(p, won) == pytest.approx([-math.log(0.8), -math.log(0.7)])
    assert np.isfinite(fits.log_score(np.array([0.0]), np.array([1.0]))).all()


def test_an_estimate_without_samples_is_none() -> None:
    assert np.isnan(fits.estimate(1.0, np.array([np.nan, 2.0]))[1:]).all()
    assert not Against("", 1.0, Estimate(1.0, 0.5, 0.0, 2.0)).contradicted


# --- what is left out -------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_counted() -> None:
    some = battles(TRUE, 9, 10)
    some[0] = replace(some[0], year=1905)
    some[1] = replace(some[1], year=math.nan)
    some[2] = replace(some[2], attackers=math.nan)
    some[3] = replace(some[3], result=math.nan)
    some[4] = replace(some[4], attacker_losses=0)
    won, lost, left_out = usable(some)
    assert (len(won), len(lost)) == (56, 55)
    assert [count for _, count in left_out] == [2, 1, 1, 1]
    assert left_out[0][0].startswith("before 1914")


def test_a_draw_is_a_battle_that_the_attacker_did_not_win() -> None:
    some = [replace(each, result=0) if each.line % 10 == 0 else each for each in battles(TRUE, 9, 10)]
    won, _, _ = usable(some)
    assert won.won[::10].tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda some: some[:19], "has 19 battles of 4 campaigns from 1914 on with both strengths and a winner"),
        (lambda some: [replace(each, campaign="one") for each in some], "of 1 campaigns"),
        (lambda some: [replace(each, result=1) for each in some], "all end alike"),
        (lambda some: [replace(each, result=1 if each.attackers > 1e4 else -1) for each in some], "tells every time"),
        (lambda some: [replace(each, attackers=1e4) for each in some], "same force ratio"),
        (lambda some: [replace(each, attacker_losses=math.nan) for each in some], "casualties of both sides"),
        (lambda some: [replace(each, year=1815) for each in some], "has 0 battles"),
    ],
)  # fmt: skip
def test_battles_that_cannot_be_fitted_are_refused(change: Callable[..., list[Battle]], match: str) -> None:
    with pytest.raises(InputError, match=match):
        usable(change(battles(TRUE, 10, 12)))


# --- the model's own engagements --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_engagements_are_those_of_the_laws() -> None:
    """Against E2, E6 and E7 in numpy, 40,000 engagements a battle: 5 standard errors of both."""
    forces = np.array([[500.0, 1000, 0, 0], [3000, 1000, 1, 0], [3e6, 1e6, 0.5, 1], [900, 1000, 0, 0.3]])
    for laws in (TRUE, replace(TRUE, own_exponent=0.0, enemy_exponent=1.0), default_laws()):
        seen, wanted = engagements(laws, forces, 40_000, 1), by_the_laws(laws, forces, 40_000, 2)
        np.testing.assert_allclose(seen[2], wanted[2], atol=1e-3)  # people are whole
        for one, other in zip(seen[:2], wanted[:2], strict=True):
            error = np.sqrt((one.var(1) + other.var(1)) / 40_000)
            assert (np.abs(one.mean(1) - other.mean(1)) < 5 * error).all()
        np.testing.assert_allclose(seen[1].std(1), wanted[1].std(1), rtol=5 * math.sqrt(2 / 40_000))


@pytest.mark.slow
def test_engagements_are_the_same_again_and_others_with_another_seed() -> None:
    forces = np.array([[500.0, 1000, 0, 0]])
    one, again, other = (engagements(TRUE, forces, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED, reason="TWOFRONT_BATTLES names no file of CDB90")
def test_the_part_of_cdb90_that_the_defaults_were_seen_against() -> None:
    """Its own notes: n = 241, logit 0.24 + 0.48 ln r, slope of ln loss ratio +0.13."""
    found = examine(read(Path(SHARED)), default_laws(), 0)
    assert len(found.won) >= 241
    if len(found.won) == 241:
        assert default(found, "win_intercept (a)").history.value == pytest.approx(0.24, abs=0.005)
        assert default(found, "win_slope (b)").history.value == pytest.approx(0.48, abs=0.005)
        assert default(found, "slope of ln loss ratio").history.value == pytest.approx(0.13, abs=0.01)
    assert not default(found, "win_slope (b)").contradicted
    square = next(each for each in found.losses.scored if each.name == "Lanchester's square law")
    assert square.first.low > 0


@pytest.mark.slow
def test_iwo_jima_on_the_page_is_what_the_code_gives() -> None:
    spec = importlib.util.spec_from_file_location("history_page", ROOT / "docs" / "history.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["history_page"] = module
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    assert module.replaced(page, "iwo jima", module.island_table(module.island())) == page


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def twofront(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(["verify", *arguments])
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return run


def written(folder: Path, some: list[Battle]) -> Path:
    """Battles as a file of the reduced layout."""
    rows = [[str(getattr(each, field)) for field in REDUCED] for each in some]
    path = folder / "battles.csv"
    path.write_text("\n".join(",".join(row) for row in ([*REDUCED.values()], *rows)) + "\n")
    return path


@pytest.mark.slow
def test_history_is_printed_kept_and_the_same_again(twofront: Command, tmp_path: Path) -> None:
    path = written(tmp_path, battles(TRUE, 11, 40))
    code, out, err = twofront("--history", str(path), "--out", "one")
    assert (code, err) == (0, "")
    for phrase in (
        "240 battles read",
        "who wins, foreseen by",
        POWER,
        "CONTRADICTED",
        "not out of sample",
        "saved: one",
    ):
        assert phrase in out
    code, text, err = twofront("--history", str(path), "--out", "two", "--json")
    assert (code, err) == (0, "")
    numbers = json.loads(text)
    assert numbers["battles"] == {"read": 240, "with_winner": 240, "with_losses": 240, "campaigns": 40, "left_out": []}
    assert numbers.pop("folder") == "two"
    assert json.loads((tmp_path / "two" / "history.json").read_text()) == numbers
    for name in ("history.json", "history.png", "history.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert set(manifest["files"]) == {"history.json", "history.png", "history.svg"}
    assert manifest["id"] == numbers["id"]
    assert twofront("--history", str(path), "--out", "one", "--quiet")[0] == 0  # the same result is written again
    assert "holds another result" in twofront("--history", str(path), "--out", "one", "--seed", "5")[2]
    with pytest.raises(InputError, match="it has no runs"):
        read_result(tmp_path / "one")
    assert "run its command again" in twofront("one")[2]


@pytest.mark.slow
def test_history_takes_the_laws_of_a_scenario(twofront: Command, tmp_path: Path) -> None:
    scenario = ROOT / "scenarios" / "iwo_jima_1945.yaml"
    path = written(tmp_path, battles(TRUE, 11, 10))
    code, out, _ = twofront("--history", str(path), "--scenario", str(scenario), "--json")
    numbers = json.loads(out)
    assert code == 0
    assert (numbers["laws"]["own_exponent"], numbers["laws"]["enemy_exponent"]) == (0, 1)
    assert Path(numbers["folder"]).parts[0] == "results"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--history", "gone.csv"), "error: gone.csv: cannot be read: no such file"),
        (("--history", "wrong.csv"), "error: wrong.csv:1: has none of the columns of a file of battles"),
        (("--history", "wrong.csv", "one"), "error: --history: stands alone"),
        (("--history", "wrong.csv", "--why"), "error: --why: is of the checks of the model"),
        (("--out", "there"), "error: --out: goes with --history FILE only"),
        (("--scenario", "there"), "error: --scenario: goes with --history FILE only"),
        (("--history", "wrong.csv", "--seed", "-1"), "error: "),
    ],
)
def test_wrong_input_is_located_and_exits_with_2(twofront: Command, arguments: tuple[str, ...], match: str) -> None:
    Path("wrong.csv").write_text("date,value\n1,2\n")
    code, out, err = twofront(*arguments)
    assert (code, out) == (2, "")
    assert match in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_too_few_battles_name_their_file_and_leave_no_folder(twofront: Command, tmp_path: Path) -> None:
    path = written(tmp_path, battles(TRUE, 11, 2))
    code, _, err = twofront("--history", str(path), "--out", "there")
    assert (code, err.count("\n")) == (2, 1)
    assert f"error: {path}: has 12 battles of 2 campaigns" in err
    assert not (tmp_path / "there").exists()
