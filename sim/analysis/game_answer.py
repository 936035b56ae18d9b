"""A game as an answer: the text, the numbers behind it, and the tables that its figures are drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import game_text as text
from sim.analysis.answer import Answer
from sim.analysis.equilibrium import Removal
from sim.analysis.game import Game
from sim.analysis.payoffs import Contrasts

Columns = Mapping[str, NDArray[Any]]


def answer_of(found: Game) -> Answer:
    """Return the answer of a game."""
    return Answer(
        kind="game",
        question=text.question(found),
        answer=text.sentence(found),
        spreads=text.spreads(found),
        would_change=text.would_change(found),
        drives=text.drives(found),
        caveats=text.caveats(found),
        numbers=numbers(found),
        tables={
            "cells": cells(found),
            "strategies": strategies(found),
            "responses": responses(found),
            "leads": leads(found),
            "objectives": objectives(found),
        },
    )


def numbers(found: Game) -> dict[str, Any]:
    """Return what was found, as plain data."""
    names = found.players
    return {
        "players": list(names),
        "moves_first": names[found.leader],
        "strategies": {name: found.grid.labels(k) for k, name in enumerate(names)},
        "merged": [
            {"player": names[p], "strategy": found.form.labels(p)[a], "same_as": found.form.labels(p)[b]}
            for p, a, b in found.grid.merged
        ],
        "answer": None if found.headline is None else {**_cell(found, found.headline), **_beside(found)},
        "otherwise": {names[k]: None if c is None else _cell(found, c) for k, c in found.otherwise.items()},
        "nash": [_cell(found, int(cell)) for cell in np.flatnonzero(found.nash)],
        "mixed": _mixed(found),
        "best_response_cycle": [found.grid.form.label(int(found.grid.cells[c])) for c in found.cycle],
        "maximin": _maximin(found),
        "dominated": {
            "strictly": [_removal(found, each) for each in found.removed[0]],
            "weakly": [_removal(found, each) for each in found.removed[1]],
        },
        "break_even": [_break_even(found, each) for each in found.break_evens],
        "without_pure_equilibrium": {
            "luck": found.luck.without,
            "assumptions": None if found.draws is None else found.draws.without,
        },
        "rounds": [{"cells": each.cells, "replications": each.replications} for each in found.played.rounds],
        "open": found.played.open,
        "open_for_want_of_draws": found.played.beyond,
        "draws": found.settings.draws,
        "budget": found.settings.budget,
    }


def _cell(found: Game, cell: int) -> dict[str, Any]:
    profile = found.profile(cell)
    flat = [each.reshape(len(found.players), -1)[:, cell] for each in found.tensors[:3]]
    return {
        "strategies": {name: found.grid.labels(k)[profile[k]] for k, name in enumerate(found.players)},
        "options": found.form.options(int(found.grid.cells[cell])),
        "payoffs": {
            name: {"mean": _number(mean), "numerical_95": [_number(low), _number(high)]}
            for name, mean, low, high in zip(found.players, *flat, strict=True)
        },
        "regrets": {name: _number(found.regrets.value[k, cell]) for k, name in enumerate(found.players)},
        "share_luck": float(found.luck.leader_follower[cell]),
        "share_assumptions": None if found.draws is None else float(found.draws.leader_follower[cell]),
    }


def _beside(found: Game) -> dict[str, Any]:
    """Return the strategies that are equal to those of the answer, and those that are not told from them."""
    sets = {name: text.untold(found, k) for k, name in enumerate(found.players)}
    return {
        kind: {name: [found.grid.labels(k)[s] for s in sets[name][at]] for k, name in enumerate(found.players)}
        for at, kind in enumerate(("equal_to", "not_told_from"))
    }


def _mixed(found: Game) -> dict[str, Any] | None:
    if found.mixed is None:
        return None
    listed = [
        {
            name: {label: share for label, share in zip(found.grid.labels(k), own, strict=True) if share}
            for k, (name, own) in enumerate(zip(found.players, (each.first, each.second), strict=True))
        }
        | {"payoffs": list(each.payoffs), "component": each.component}
        for each in found.mixed.equilibria
    ]
    return {"extreme_equilibria": listed, "degenerate": found.mixed.degenerate, "continua": found.mixed.continua}


def _maximin(found: Game) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for k, name in enumerate(found.players):
        best = int(found.maximin[k].argmax())
        said[name] = {"strategy": found.grid.labels(k)[best], "value": float(found.maximin[k][best])}
        if found.securities:
            mix = zip(found.grid.labels(k), found.securities[k].shares, strict=True)
            said[name] |= {"mixed_value": found.securities[k].value, "mixed": {label: s for label, s in mix if s}}
    return said


def _removal(found: Game, each: Removal) -> dict[str, Any]:
    labels = found.grid.labels(each.player)
    return {
        "round": each.round,
        "player": found.players[each.player],
        "strategy": labels[each.strategy],
        "by": labels[each.by],
        "told": told_dominance(found, each),
    }


def told_dominance(found: Game, each: Removal) -> bool:
    """Return whether a strategy is told to be worse than another against everything that the others can do."""
    contrasts = found.compared.deviations
    own = np.array(np.unravel_index(np.arange(int(np.prod(found.shape))), found.shape))[each.player]
    mine = contrasts.player == each.player
    first, second = own[contrasts.first], own[contrasts.second]
    ahead = mine & (first == each.by) & (second == each.strategy)
    behind = mine & (first == each.strategy) & (second == each.by)
    return bool((contrasts.low[ahead] > 0).all() and (contrasts.high[behind] < 0).all())


def _break_even(found: Game, each: Any) -> dict[str, Any]:
    term = found.terms[each.term]
    spans = {name: None if pair is None else [term.weight * factor for factor in pair] for name, pair in
             (("numerical_90", each.numerical), ("assumptions_90", each.assumptions))}  # fmt: skip
    return {
        "player": found.players[term.player],
        "objective": term.name,
        "weight": term.weight,
        "per": term.per,
        "unit": term.unit,
        "break_even": term.weight * each.factor,
        **spans,
        "answer": _cell(found, each.cell)["strategies"],
    }


def cells(found: Game) -> Columns:
    """Return a row for each cell: strategies, payoffs with spreads, regrets, objectives, how often it is an answer."""
    count = int(np.prod(found.shape))
    profiles = [found.profile(cell) for cell in range(count)]
    columns: dict[str, NDArray[Any]] = {"cell": np.arange(count)}
    for k, name in enumerate(found.players):
        labels = found.grid.labels(k)
        columns[f"{name}_strategy"] = np.array([labels[profile[k]] for profile in profiles], object)
    for k, name in enumerate(found.players):
        columns |= _payoff_columns(found, k, name)
    for k, term in enumerate(found.terms):
        columns[f"{found.players[term.player]}_{term.name}_mean"] = found.tensors.terms[k]
    columns["replications"] = found.played.sampled.counts
    columns["nash"] = found.nash
    columns["leader_follower"] = np.arange(count) == (-1 if found.headline is None else found.headline)
    columns["led_to"] = np.isin(np.arange(count), list(found.leads.values()))
    nothing = np.full(count, math.nan)
    columns["nash_share_luck"] = found.luck.nash
    columns["nash_share_assumptions"] = nothing if found.draws is None else found.draws.nash
    columns["leader_follower_share_luck"] = found.luck.leader_follower
    columns["leader_follower_share_assumptions"] = nothing if found.draws is None else found.draws.leader_follower
    return columns


def _payoff_columns(found: Game, k: int, name: str) -> dict[str, NDArray[Any]]:
    tensors, regrets = found.tensors, found.regrets
    return {
        f"{name}_payoff": tensors.estimate[k].ravel(),
        f"{name}_numerical_low": tensors.low[k].ravel(),
        f"{name}_numerical_high": tensors.high[k].ravel(),
        f"{name}_luck_q05": tensors.luck[0, k],
        f"{name}_luck_q95": tensors.luck[1, k],
        f"{name}_assumptions_q05": tensors.assumptions[0, k],
        f"{name}_assumptions_q95": tensors.assumptions[1, k],
        f"{name}_best_response": found.responses[k],
        f"{name}_regret": regrets.value[k],
        f"{name}_regret_low": regrets.low[k],
        f"{name}_regret_high": regrets.high[k],
    }


def strategies(found: Game) -> Columns:
    """Return a row for each strategy: what it makes sure of, whether it is dominated, and how often it is played."""
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(found.players):
        for s, label in enumerate(found.grid.labels(k)):
            row = {"player": name, "strategy": label, "said": found.grid.said(k, s), "maximin": found.maximin[k][s]}
            for kind, removed in zip(("strictly", "weakly"), found.removed, strict=True):
                rounds = [each.round for each in removed if (each.player, each.strategy) == (k, s)]
                row[f"dominated_{kind}_round"] = rounds[0] if rounds else math.nan
            row["played_share_luck"] = found.luck.plays[k][s]
            row["played_share_assumptions"] = found.draws.plays[k][s] if found.draws else math.nan
            row["support_share_luck"] = found.luck.supports[k][s] if found.luck.supports else math.nan
            its = found.draws.supports if found.draws else None
            row["support_share_assumptions"] = its[k][s] if its else math.nan
            rows.append(row)
    texts = ("player", "strategy", "said")
    return {key: np.array([row[key] for row in rows], object if key in texts else np.float64) for key in rows[0]}


def responses(found: Game) -> Columns:
    """Return the best-response graph: from each cell, where each player that gains by it would go."""
    from sim.analysis.game_sample import best_cells

    best, rows = best_cells(found.tensors.estimate), []
    for k, name in enumerate(found.players):
        for cell in np.flatnonzero(found.regrets.value[k] > 0):
            regret = [float(each[k, cell]) for each in found.regrets]
            rows.append((name, int(cell), int(best[k, cell]), *regret))
    names = ("player", "from_cell", "to_cell", "gain", "gain_low", "gain_high")
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {
        name: np.array(column, object if name == "player" else None)
        for name, column in zip(names, columns, strict=True)
    }


def leads(found: Game) -> Columns:
    """Return a row for each strategy of the leader: the answer to it, and what it is worth against the best one."""
    name, k = found.players[found.leader], found.leader
    count, labels = found.shape[k], found.grid.labels(k)
    cell = np.array([found.leads.get(s, -1) for s in range(count)])
    columns: dict[str, NDArray[Any]] = {
        "player": np.array([name] * count, object),
        "strategy": np.array(labels, object),
    }
    for other, its in enumerate(found.players):
        if other != k:
            taken = ["" if c < 0 else found.grid.labels(other)[found.profile(c)[other]] for c in cell.tolist()]
            columns[f"{its}_answer"] = np.array(taken, object)
    columns |= {"cell": cell, "value": found.led.value, "guarded_value": found.led.guarded}
    behind = [_behind(found.compared.leads, found.headline, int(c)) for c in cell]
    for at, kind in enumerate(("behind", "behind_low", "behind_high")):
        columns[kind] = np.array([each[at] for each in behind])
    return columns


def _behind(leads_: Contrasts, best: int | None, cell: int) -> tuple[float, float, float]:
    """Return by how much a cell is behind the best one, with its interval."""
    if best is None or cell < 0:
        return math.nan, math.nan, math.nan
    for a, b, value, low, high in zip(leads_.first, leads_.second, *leads_[3:6], strict=True):
        if (a, b) == (best, cell):
            return float(value), float(low), float(high)
        if (a, b) == (cell, best):
            return -float(value), -float(high), -float(low)
    return 0.0, 0.0, 0.0


def objectives(found: Game) -> Columns:
    """Return a row for each objective: its weight with the source, and its mean in the answer."""
    rows = []
    for k, term in enumerate(found.terms):
        mean = math.nan if found.headline is None else float(found.tensors.terms[k, found.headline])
        scale = term.weight / term.per
        texts = (found.players[term.player], term.name, term.outcome, term.unit)
        rows.append((*texts, term.weight, term.per, mean, scale * mean, term.about, term.source))
    names = (
        "player",
        "objective",
        "outcome",
        "unit",
        "weight",
        "per",
        "mean_in_answer",
        "points_in_answer",
        "about",
        "source",
    )
    numeric = ("weight", "per", "mean_in_answer", "points_in_answer")
    return {
        name: np.array(column, np.float64 if name in numeric else object)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
