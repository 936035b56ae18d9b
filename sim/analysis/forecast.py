"""Forecasts of figures by runs that are consistent with the state at a date, and the simple forecasts beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.analysis.emulator import Emulator
from sim.analysis.fit import Fitted
from sim.analysis.observation_model import (
    Seen,
    belief,
    joined_covariance,
    log_bias,
    prepared,
    scaled,
    unscaled,
)
from sim.analysis.posterior import Likelihood, effective, mixing, normalised, tempering
from sim.experiment.ensemble import Runs
from sim.scenario.observations import Observation

Values = NDArray[np.float64]

PERSISTENCE, TREND, DRESSED = "persistence", "trend", "dressed"
BASELINES = (PERSISTENCE, TREND, DRESSED)
_LAST = 3  # figures that a trend is fitted to
_KEPT = 0.25  # of the runs, that count after weighting by the state
_RIDGE = 1e-3  # of the variance of each input: where two inputs are nearly one


@dataclass(frozen=True)
class Weighted:
    """Weights of runs (they sum to one) by how well each has the state at the date; which figures are that state.

    alone_effective : the effective number of runs if weights alone had to do it.
    """

    weights: Values
    state: NDArray[np.bool_]
    alone_effective: float

    @property
    def effective(self) -> float:
        """Return the effective number of runs."""
        return effective(self.weights)


def state_of(figures: Sequence[Observation]) -> NDArray[np.bool_]:
    """Return which figures say how things stand at the end: the last of each quantity."""
    last: dict[str, int] = {}
    for k, each in enumerate(figures):
        if each.quantity not in last or each.date >= figures[last[each.quantity]].date:
            last[each.quantity] = k
    return np.isin(np.arange(len(figures)), list(last.values()))


def conditioned(fit: Fitted, runs: Runs) -> Weighted:
    """Return runs under the posterior weighted by the state: its likelihood given the run over that given the scores.

    The posterior of the assumptions knows all figures; the luck of a run does not. So a run counts by how much better
    (or worse) its luck has the state than the luck of other runs with its assumptions does; lags are averaged over.
    Weights are tempered until a quarter of the runs count: `forecasts` moves runs over what is left.
    """
    state = state_of(fit.seen.figures)
    seen = fit.seen.part(state)
    made = _made(seen, runs)
    given_run = _Exact(seen, made)
    given_scores = Likelihood(seen, _part(fit, state))
    logs = np.full((2, len(runs.scores)), -np.inf)
    for lag, share in _lags(fit):
        tiled = np.tile(lag, (len(runs.scores), 1))
        logs[0] = np.logaddexp(logs[0], np.log(share) + given_run(lag))
        logs[1] = np.logaddexp(logs[1], np.log(share) + given_scores(runs.scores, tiled))
    log_weights = logs[0] - logs[1]
    power = tempering(log_weights, 1.0, _KEPT)
    return Weighted(normalised(power * log_weights), state, effective(normalised(log_weights)))


@dataclass(frozen=True)
class _Exact:
    """Log-likelihood of figures given runs, up to a constant."""

    seen: Seen
    made: Values

    def __call__(self, lag: NDArray[np.int64]) -> Values:
        lower = np.linalg.cholesky(self.seen.covariance)
        left = np.linalg.solve(lower, (self.seen.target - self.made @ mixing(self.seen, lag).T).T)
        return np.asarray(-0.5 * (left**2).sum(axis=0), np.float64)


def _lags(fit: Fitted) -> list[tuple[NDArray[np.int64], float]]:
    """Return the lags of the posterior, each with its share."""
    found, counts = np.unique(fit.cloud.lags, axis=0, return_counts=True)
    return [(lag, float(count / counts.sum())) for lag, count in zip(found, counts, strict=True)]


def _part(fit: Fitted, kept: NDArray[np.bool_]) -> Emulator:
    """Return the emulator of some figures."""
    slow = fit.seen.lag_of >= 0
    columns = np.flatnonzero(np.concatenate([kept, kept[slow]]))
    whole = fit.emulator
    return Emulator(
        whole.coefficients[:, columns], whole.covariance[np.ix_(columns, columns)], whole.explained[columns]
    )


def _made(seen: Seen, runs: Runs) -> Values:
    now, lagged = (
        np.stack([scaled(runs.outcomes[name], c) for name, c in zip(names, seen.scale, strict=True)], axis=1)
        for names in (seen.now, seen.lagged)
    )
    return np.concatenate([now, (lagged - now)[:, seen.lag_of >= 0]], axis=1)


def forecasts(
    fit: Fitted, weighted: Weighted, runs: Runs, figures: Sequence[Observation], how: tuple[date, int]
) -> Values:
    """Return what each run says that later figures will be, as they would be published: float64[run, figure].

    Errors, bias, range and lag of the state figures and of the later ones are drawn together. Then each run is moved
    from the state that it has, as published, to the one that was: along the weighted regression of later figures on
    the state, given the scores (Beaumont, Zhang and Balding 2002), so that assumptions stay as they are and luck moves.
    Nothing of the later figures but their dates is used. how : start of the scenario, and seed.
    """
    later = prepared(_blank(fit.seen.figures, runs, figures, how[0]), how[0])
    state = fit.seen.part(weighted.state)
    random = np.random.default_rng([how[1], len(figures), len(runs.scores)])
    lags = fit.cloud.lags[random.integers(0, len(fit.cloud.lags), len(runs.scores))]
    before, ahead = _at_lags(state, runs, lags, fit.seen), _at_lags(later, runs, lags, fit.seen)
    both = np.block(
        [[state.covariance, joined_covariance(state, later)], [joined_covariance(later, state), later.covariance]]
    )
    noise = random.normal(size=(len(lags), len(both))) @ np.linalg.cholesky(both + 1e-12 * np.eye(len(both))).T
    before, ahead = before + noise[:, : len(state.figures)], ahead + noise[:, len(state.figures) :]
    slope = _slope(np.concatenate([before, runs.scores], axis=1), ahead, weighted.weights)[: len(state.figures)]
    return unscaled(ahead + (state.target - before) @ slope + log_bias(later), later.scale)


def _at_lags(seen: Seen, runs: Runs, lags: NDArray[np.int64], known: Seen) -> Values:
    """Return figures as runs have them, each run with its own lags of the maps known, float64[run, figure]."""
    places = [known.claimants.index(name) for name in seen.claimants]
    made, found = _made(seen, runs), np.empty((len(lags), len(seen.figures)))
    for lag in np.unique(lags, axis=0):
        at = np.all(lags == lag, axis=1)
        found[at] = made[at] @ mixing(seen, lag[places]).T
    return found


def _slope(inputs: Values, outputs: Values, weights: Values) -> Values:
    """Return the coefficients of a weighted linear regression, but for the constant, float64[input, output]."""
    middle = weights @ inputs
    left = (inputs - middle) * weights[:, None]
    spread = left.T @ (inputs - middle)
    ridge = _RIDGE * np.diag(np.diag(spread))
    return np.asarray(np.linalg.solve(spread + ridge, left.T @ (outputs - weights @ outputs)), np.float64)


def _blank(
    known: Sequence[Observation], runs: Runs, figures: Sequence[Observation], start: date
) -> tuple[Observation, ...]:
    """Return later figures with the runs' medians in place of their values, and the last range of their quantity."""
    made = []
    for each, name in zip(figures, prepared(figures, start).now, strict=True):
        value = float(np.median(runs.outcomes[name]))
        ranged = [old for old in known if old.quantity == each.quantity and np.isfinite(old.high - old.low)]
        ends = [getattr(ranged[-1], end) / ranged[-1].value * value if ranged else np.nan for end in ("low", "high")]
        claimant = each.claimant
        if belief(each.quantity).lag and claimant not in {old.claimant for old in known}:
            claimant = next(old.claimant for old in known if belief(old.quantity).lag)
        made.append(replace(each, value=value, low=ends[0], high=ends[1], claimant=claimant))
    return tuple(made)


def months_ahead(known: Sequence[Observation], end: date) -> tuple[Observation, ...]:
    """Return blank figures of what lies ahead: each quantity at the ends of months to the end, and changes between.

    After a quantity's changes comes one over the whole time, from the last date to the end.
    """
    last, made = max(each.date for each in known), []
    dates = [when for when in (*_month_ends(last, end), end) if when > last]
    dates = list(dict.fromkeys(dates))
    for each, latest in zip(known, state_of(known), strict=True):
        if not latest:
            continue
        blank = replace(each, value=0.0, low=np.nan, high=np.nan, known=end, source="", line=0)
        if each.since is None:
            made += [replace(blank, date=when) for when in dates]
            continue
        made += [replace(blank, since=a, date=b) for a, b in pairwise([last, *dates])]
        made += [replace(blank, since=last, date=end)] if len(dates) > 1 else []
    return tuple(made)


def _month_ends(first: date, last: date) -> Iterator[date]:
    year, month = first.year, first.month
    while True:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        when = date(year, month, 1) - timedelta(days=1)
        if when > last:
            return
        yield when


def baseline(kind: str, known: Sequence[Observation], figure: Observation) -> Values | None:
    """Return a simple forecast of a figure as members of equal weight; None where nothing of its quantity was known.

    persistence : the last level, or the last rate a day. trend : a straight line through the last three. dressed :
    persistence with the relative errors that it made before, pooled over figures of the kind.
    """
    past = _alike(known, figure)
    if not past:
        return None
    last = _rate(past[-1]) * _days(figure)
    if kind == PERSISTENCE:
        return np.array([last])
    if kind == TREND:
        return np.array([_trend(past[-_LAST:], figure) * _days(figure)])
    return last * (1 + _errors(known, figure))


def _alike(known: Sequence[Observation], figure: Observation) -> list[Observation]:
    same = [o for o in known if o.quantity == figure.quantity and (o.since is None) == (figure.since is None)]
    return sorted(same, key=lambda each: each.date)


def _days(figure: Observation) -> float:
    return float((figure.date - figure.since).days) if figure.since else 1.0


def _rate(figure: Observation) -> float:
    return figure.value / _days(figure)


def _middle(figure: Observation) -> float:
    return figure.date.toordinal() - (_days(figure) / 2 if figure.since else 0.0)


def _trend(past: Sequence[Observation], figure: Observation) -> float:
    """Return the value (a day) of a line through past figures at a later one's date; of one, that."""
    if len(past) < 2:
        return _rate(past[-1])
    x = np.array([_middle(each) for each in past])
    slope, level = np.polyfit(x - x[-1], [_rate(each) for each in past], 1)
    return float(level + slope * (_middle(figure) - x[-1]))


def _errors(known: Sequence[Observation], figure: Observation) -> Values:
    """Return the relative errors that persistence made on figures of a kind; 0 where there is none."""
    kind, change = belief(figure.quantity).kind, figure.since is None
    found = []
    for quantity in dict.fromkeys(each.quantity for each in known if belief(each.quantity).kind == kind):
        past = [each for each in known if each.quantity == quantity and (each.since is None) == change]
        past.sort(key=lambda each: each.date)
        found += [_rate(b) / _rate(a) - 1 for a, b in pairwise(past) if _rate(a) > 0]
    return np.array(found or [0.0])
