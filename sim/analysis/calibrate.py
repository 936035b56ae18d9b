"""Calibration: what figures say of the assumptions, what they do not say, and which figures cannot be matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.answer import Answer, told
from sim.analysis.check_calibration import Check
from sim.analysis.fit import Fitted
from sim.analysis.forecast import Weighted, conditioned, forecasts, months_ahead
from sim.analysis.observation_model import LAG_DAYS, Seen, biases, prepared, scaled
from sim.analysis.posterior import mixing, systematic
from sim.analysis.scores import quantile
from sim.experiment.ensemble import Ensemble, Runs, StoredEnsemble, values_of
from sim.scenario.observations import Observation

Values = NDArray[np.float64]

NARROWED = 0.9  # posterior sd of a score (prior: 1) above which an assumption is not identified
MOVED = 0.5  # shift of the mean score beyond which a wide posterior is still said to have moved
CONFLICT = 2.0  # sd between a figure and what posterior runs say beyond which it is not matched
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_NAMES = ("q05", "q25", "q50", "q75", "q95")
_LISTED = 8
_RUNS_A_COEFFICIENT = 5


@dataclass(frozen=True)
class Calibrated:
    """A posterior with its sample (scores float64[row, input]), the runs made under that sample, and what they say."""

    fit: Fitted
    sample: Values
    predicted: Runs
    ahead: Ahead | None = None
    check: Check | None = None


@dataclass(frozen=True)
class Ahead:
    """A forecast past the figures: what is forecast, members float64[run, figure], and the weights of the runs."""

    figures: tuple[Observation, ...]
    members: Values
    weighted: Weighted


def sampled(fit: Fitted, rows: int, seed: int) -> Values:
    """Return rows of the posterior, float64[row, input]: particles, each at most once where there are enough."""
    count = len(fit.cloud.scores)
    random = np.random.default_rng([seed, rows])
    order = random.permutation(count)
    at = order[systematic(np.full(count, 1 / count), rows, random)]
    return np.asarray(fit.cloud.scores[at], np.float64)


def calibrated(ensemble: Ensemble, fit: Fitted, span: tuple[date, date], how: tuple[int, int, int]) -> Calibrated:
    """Return the posterior with a sample of it, runs under the sample, and their forecast.

    span : start and end of the scenario; how : rows of the sample, runs under it, seed.
    """
    rows, count, seed = how
    sample, figures = sampled(fit, rows, seed), months_ahead(fit.seen.figures, span[1])
    names = prepared(figures, span[0]).now + prepared(figures, span[0]).lagged if figures else ()
    wanted = tuple(dict.fromkeys((*fit.seen.names, *names)))
    runs = ensemble.under(fit.paths, sample, count, wanted, len(fit.rounds) + 1)
    if not figures:
        return Calibrated(fit, sample, runs)
    weighted = conditioned(fit, runs)
    members = forecasts(fit, weighted, runs, figures, (span[0], seed))
    return Calibrated(fit, sample, runs, Ahead(figures, members, weighted))


def answered(found: Calibrated, ensemble: StoredEnsemble) -> Answer:
    """Return the answer with its tables."""
    title = ensemble.evaluate.base.scenario.title
    parameters = _parameters(found, ensemble)
    figures = figure_table(found.fit.seen, found.fit.prior, found.predicted)
    claims = _claims(found)
    unknown = [str(path) for path, yes in zip(parameters["path"], parameters["identified"], strict=True) if not yes]
    apart = _conflicts(figures)
    return Answer(
        kind="calibrate",
        question=(
            f"What do {len(found.fit.seen.figures)} figures up to {_last(found.fit.seen)} say of the assumptions of "
            f"'{title}'?"
        ),
        answer=_sentence(found, parameters, apart),
        spreads=_spreads(found),
        would_change=apart[:3] or ("no figure is in conflict with the runs under the posterior",),
        drives=_drives(parameters),
        caveats=_caveats(found, unknown, claims),
        numbers=_numbers(found, unknown, apart),
        tables=_tables(found, parameters, figures, claims, ensemble),
    )


def _last(seen: Seen) -> str:
    return str(max(each.date for each in seen.figures))


def _parameters(found: Calibrated, ensemble: StoredEnsemble) -> dict[str, NDArray[Any]]:
    """Return a row for each input: its prior and its posterior in its unit, and the moments of its score."""
    from sim.scenario.load import quantities

    fit, base = found.fit, ensemble.evaluate.base
    known = dict(quantities(base))
    scores = fit.cloud.scores
    grid = np.quantile(scores, _LEVELS, axis=0)
    after = values_of(base, fit.paths, grid).rows
    before = np.array([[known[path].quantile(level) for path in fit.paths] for level in _LEVELS])
    columns: dict[str, NDArray[Any]] = {
        "path": np.array(fit.paths, object),
        "unit": np.array([known[path].unit for path in fit.paths], object),
        "influence": fit.shares[fit.at].max(axis=1),
    }
    columns |= {f"prior_{name}": before[k] for k, name in enumerate(_NAMES)}
    columns |= {f"posterior_{name}": after[k] for k, name in enumerate(_NAMES)}
    columns |= {f"score_{name}": grid[k] for k, name in enumerate(_NAMES)}
    columns |= {"score_mean": scores.mean(axis=0), "score_sd": scores.std(axis=0)}
    columns["contraction"] = 1 - np.square(columns["score_sd"])
    columns["identified"] = columns["score_sd"] <= NARROWED
    return columns


def figure_table(seen: Seen, prior: Runs, after: Runs) -> dict[str, NDArray[Any]]:
    """Return a row for each figure: what prior and posterior runs say of it, and how far off it is.

    share_below : of prior runs, with an error of the observation model each, that lie below the figure. off_sd : the
    figure less the posterior runs' mean, in the sd of both and the observation model. ratio : runs' median over the
    figure, without the median bias.
    """
    made = [np.stack([runs.outcomes[name] for name in seen.now], axis=1) for runs in (prior, after)]
    scale = [scaled(each, seen.scale) for each in made]
    error = np.sqrt(np.diag(seen.covariance))
    noise = np.random.default_rng(0).normal(size=scale[0].shape) * error
    unbiased = 2 * seen.scale * np.sinh(seen.target)
    columns: dict[str, NDArray[Any]] = {
        "quantity": np.array([each.quantity for each in seen.figures], object),
        "since": np.array([str(each.since or "") for each in seen.figures], object),
        "date": np.array([str(each.date) for each in seen.figures], object),
        "value": np.array([each.value for each in seen.figures]),
        "low": np.array([each.low for each in seen.figures]),
        "high": np.array([each.high for each in seen.figures]),
        "unbiased": unbiased,
        "share_below": (scale[0] + noise < seen.target).mean(axis=0),
    }
    for name, values in zip(("prior", "posterior"), made, strict=True):
        columns |= {f"{name}_{level}": np.quantile(values, q, axis=0) for level, q in zip(_NAMES, _LEVELS, strict=True)}
    columns["off_sd"] = (seen.target - scale[1].mean(axis=0)) / np.hypot(scale[1].std(axis=0), error)
    columns["ratio"] = columns["posterior_q50"] / np.where(unbiased == 0, np.nan, unbiased)
    return columns


def _claims(found: Calibrated) -> dict[str, NDArray[Any]]:
    """Return a row for each claimant and kind: claim over truth, beforehand and after."""
    fit = found.fit
    lag = np.rint(fit.cloud.lags.mean(axis=0)).astype(np.int64)
    mixed = mixing(fit.seen, lag)
    residual = fit.seen.target - fit.emulator.mean(fit.cloud.scores) @ mixed.T
    rows = biases(fit.seen, residual, mixed @ fit.emulator.covariance @ mixed.T)
    names = ("prior_median", "prior_log_sd", "posterior_median", "posterior_log_sd")
    return {
        "claimant": np.array([claimant for claimant, _ in rows], object),
        "kind": np.array([kind for _, kind in rows], object),
        **{name: np.array([row[k] for row in rows.values()]) for k, name in enumerate(names)},
    }


def _conflicts(figures: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return a line for each figure that posterior runs do not match, the worst first."""
    off = figures["off_sd"]
    lines = []
    for k in np.argsort(-np.abs(off), kind="stable"):
        if abs(off[k]) < CONFLICT:
            break
        when = f"{figures['since'][k]} to {figures['date'][k]}" if figures["since"][k] else figures["date"][k]
        lines.append(
            f"{figures['quantity'][k]}, {when}: {told(figures['unbiased'][k])} by the figure (less the median bias), "
            f"{told(figures['posterior_q50'][k])} in the runs ({abs(off[k]):.1f} sd)"
        )
    return tuple(lines)


def _sentence(found: Calibrated, parameters: Mapping[str, NDArray[Any]], apart: tuple[str, ...]) -> str:
    known, all_of, count = int(parameters["identified"].sum()), len(parameters["path"]), len(found.fit.seen.figures)
    matched = f"{len(apart)} of {count} figures lie beyond" if apart else f"all {count} figures lie within"
    return (
        f"Of {all_of} influential assumptions the figures identify {known} (posterior sd at most {NARROWED:g} of the "
        f"prior's); {matched} {CONFLICT:g} sd of what runs under the posterior say."
    )


def _spreads(found: Calibrated) -> dict[str, str]:
    last = found.fit.rounds[-1]
    return {
        "numerical": (
            f"the posterior rests on {last.effective_runs:,.0f} effective of {last.runs:,} runs in the last of "
            f"{len(found.fit.rounds)} rounds "
            f"(the prior table alone, reweighted: {found.fit.plain_effective:.1f})"
        ),
        "luck": "is in every run; the emulator's scatter holds it, and runs under the posterior have it",
        "assumptions": (
            f"{len(found.fit.paths)} as a joint sample of {len(found.sample)} rows; the others keep their priors"
        ),
    }


def _drives(parameters: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    order = np.argsort(-parameters["contraction"], kind="stable")[:_LISTED]
    return tuple(
        f"{parameters['path'][k]}: {told(parameters['prior_q05'][k])} to {told(parameters['prior_q95'][k])} before, "
        f"{told(parameters['posterior_q05'][k])} to {told(parameters['posterior_q95'][k])} after (90 %)"
        for k in order
        if parameters["identified"][k]
    )


def _caveats(found: Calibrated, unknown: list[str], claims: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    said = [f"not identified by these figures: {', '.join(unknown)}"] if unknown else []
    for k, claimant in enumerate(claims["claimant"]):
        if claims["kind"][k] == "losses":
            said.append(
                f"claims of {claimant} over truth: {claims['prior_median'][k]:.2f} beforehand, "
                f"{claims['posterior_median'][k]:.2f} after (log sd {claims['posterior_log_sd'][k]:.2f}); not written"
            )
    for k, claimant in enumerate(found.fit.seen.claimants):
        days = found.fit.cloud.lags[:, k]
        said.append(
            f"lag of {claimant}'s map: {days.mean():.1f} days in the mean (0 to {LAG_DAYS} equally likely before)"
        )
    last = found.fit.rounds[-1]
    count = len(found.fit.emulator.coefficients)
    if last.runs < _RUNS_A_COEFFICIENT * count:
        said.append(f"{last.runs:,} runs are few for {count} coefficients: narrowing may be chance; raise --runs")
    if last.effective_runs < 200:
        said.append(f"fewer than 200 effective runs in the last round ({last.effective_runs:.0f}): raise --runs")
    if found.check is not None:
        said.append(found.check.text())
    return tuple(said)


def _numbers(found: Calibrated, unknown: list[str], apart: tuple[str, ...]) -> dict[str, Any]:
    last = found.fit.rounds[-1]
    return {
        "parameters": len(found.fit.paths),
        "series": len({each.quantity for each in found.fit.seen.figures}),
        "figures": len(found.fit.seen.figures),
        "effective_runs": last.effective_runs,
        "accepted": last.accepted,
        "rounds": len(found.fit.rounds),
        "plain_effective_runs": found.fit.plain_effective,
        "not_identified": unknown,
        "conflicts": list(apart),
        "rows": len(found.sample),
        **({"effective_forecasts": found.ahead.weighted.effective} if found.ahead else {}),
        **({"check": found.check.plain()} if found.check else {}),
    }


def _tables(
    found: Calibrated,
    parameters: dict[str, NDArray[Any]],
    figures: dict[str, NDArray[Any]],
    claims: dict[str, NDArray[Any]],
    ensemble: StoredEnsemble,
) -> dict[str, dict[str, NDArray[Any]]]:
    fit = found.fit
    rows = values_of(ensemble.evaluate.base, fit.paths, found.sample).rows
    influence = {"share": fit.shares.max(axis=1), "mean_share": fit.shares.mean(axis=1)}
    tables: dict[str, dict[str, NDArray[Any]]] = {
        "parameters": parameters,
        "figures": figures,
        "claims": claims,
        "rounds": _rounds(fit),
        "sample": {path: rows[:, k] for k, path in enumerate(fit.paths)},
        "influence": {"path": np.array(ensemble.paths, object), **influence},
    }
    if fit.seen.claimants:
        lags = [np.bincount(each, minlength=LAG_DAYS + 1) for each in fit.cloud.lags.T]
        tables["lags"] = {"days": np.arange(LAG_DAYS + 1), **dict(zip(fit.seen.claimants, lags, strict=True))}
    if found.ahead:
        tables["forecast"] = _forecast(found.ahead)
    if found.check:
        tables["check"] = found.check.table()
    return tables


def _forecast(ahead: Ahead) -> dict[str, NDArray[Any]]:
    """Return a row for each figure ahead, as it would be published: weighted quantiles of the runs."""
    columns: dict[str, NDArray[Any]] = {
        "quantity": np.array([each.quantity for each in ahead.figures], object),
        "since": np.array([str(each.since or "") for each in ahead.figures], object),
        "date": np.array([str(each.date) for each in ahead.figures], object),
        "value": np.full(len(ahead.figures), np.nan),
    }
    for name, level in zip(_NAMES, _LEVELS, strict=True):
        columns[name] = np.array([quantile(column, ahead.weighted.weights, level) for column in ahead.members.T])
    return columns


def _rounds(fit: Fitted) -> dict[str, NDArray[Any]]:
    names = ("runs", "effective_runs", "explained", "shift", "accepted")
    columns = {name: np.array([getattr(each, name) for each in fit.rounds]) for name in names}
    return {"round": np.arange(len(fit.rounds)), **columns}
