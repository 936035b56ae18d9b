"""What is said of a game: one sentence, its spreads, what would change it, what drives it, and what to know.

No direction is told where an interval holds zero: a choice that is not told from others is named with them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.analysis.answer import percent
from sim.analysis.break_even import BreakEven
from sim.analysis.game import Game, constant_terms, indifferent
from sim.analysis.game_support import RESAMPLINGS

_MOST_NAMED = 3
_MOST_PARTS = 4
_EQUAL = 1e-9


def question(found: Game) -> str:
    """Return what was asked, in one line."""
    others = _listed([name for k, name in enumerate(found.players) if k != found.leader])
    sizes = " x ".join(f"{size}" for size in found.form.shape)
    leader = found.players[found.leader]
    verb = "sees" if len(found.players) == 2 else "see"
    return f"What should each side do when {leader} moves first and {others} {verb} it? ({sizes} strategies)"


def sentence(found: Game) -> str:
    """Return the answer in one sentence, with how sure it is."""
    leader = found.players[found.leader]
    if found.headline is None:
        return (
            f"{leader} moves first, and the others have no answer in pure strategies to the one that brings it most at "
            "worst: there is no leader-follower answer to state"
        )
    profile = found.profile(found.headline)
    own = f"{leader} takes {found.grid.said(found.leader, profile[found.leader])}{_beside(found, found.leader)}"
    replies = [
        f"{name} answers {found.grid.said(k, profile[k])}{_beside(found, k)}"
        for k, name in enumerate(found.players)
        if k != found.leader
    ]
    others = _listed([name for k, name in enumerate(found.players) if k != found.leader])
    seen = f"{leader} moves first and {others} {'observes' if len(found.players) == 2 else 'observe'}"
    return f"{seen}: {own}, and {_listed(replies)}; {how_often(found)}"


def how_often(found: Game) -> str:
    """Return how often the answer is the same, over luck and over assumptions apart."""
    assert found.headline is not None
    luck = found.luck.leader_follower[found.headline]
    said = f"the answer in {percent(luck)} of {RESAMPLINGS:,} resamplings of luck (numerical)"
    if found.draws is None:
        return f"{said}; assumptions at their central values"
    draws = found.draws.leader_follower[found.headline]
    return f"{said} and in {percent(draws)} of {found.draws.games} draws of the assumptions"


def _beside(found: Game, player: int) -> str:
    """Return the strategies that a player's choice is equal to, or not told from, in brackets."""
    equal, others = untold(found, player)
    parts = [_named(found, player, "equal to", equal), _named(found, player, "not told from", others)]
    said = "; ".join(part for part in parts if part)
    return f" ({said})" if said else ""


def untold(found: Game, player: int) -> tuple[list[int], list[int]]:
    """Return the strategies that bring a player the same as the headline's, and those that are not told from it."""
    assert found.headline is not None
    equal, others = [], []
    for strategy, cell in alternatives(found, player).items():
        if abs(_difference(found, player, (found.headline, cell))) <= _EQUAL:
            equal.append(strategy)
        elif not told(found, player, (found.headline, cell)):
            others.append(strategy)
    return equal, others


def _named(found: Game, player: int, how: str, some: list[int]) -> str:
    if not some:
        return ""
    labels = [found.grid.labels(player)[k] for k in some]
    if len(some) == found.shape[player] - 1 and len(some) > 1:
        return f"{how} any other"
    more = [f"{len(some) - _MOST_NAMED} more"] if len(some) > _MOST_NAMED else []
    return f"{how} {_listed([*labels[:_MOST_NAMED], *more])}"


def alternatives(found: Game, player: int) -> dict[int, int]:
    """Return the cells that the other strategies of a player lead to: of the leader by the answers, else alone."""
    assert found.headline is not None
    if player == found.leader:
        return {k: cell for k, cell in found.leads.items() if cell != found.headline}
    profile = found.profile(found.headline)
    rows = {k: [k if p == player else s for p, s in enumerate(profile)] for k in range(found.shape[player])}
    cells = {k: int(np.ravel_multi_index(row, found.shape)) for k, row in rows.items()}
    return {k: cell for k, cell in cells.items() if cell != found.headline}


def _difference(found: Game, player: int, pair: tuple[int, int]) -> float:
    return float(np.subtract(*found.tensors.estimate[player].ravel()[list(pair)]))


def told(found: Game, player: int, pair: tuple[int, int]) -> bool:
    """Return whether the difference of a player's payoffs between two cells has a sign."""
    contrasts = found.compared.leads if player == found.leader else found.compared.deviations
    first, second = contrasts.first, contrasts.second
    either = ((first == pair[0]) & (second == pair[1])) | ((first == pair[1]) & (second == pair[0]))
    return bool((either & (contrasts.player == player) & contrasts.told).any())


def spreads(found: Game) -> dict[str, str]:
    """Return the three kinds of spread of the answer, each as text."""
    if found.headline is None:
        return {kind: "there is no answer to spread" for kind in ("numerical", "luck", "assumptions")}
    at, tensors = found.headline, found.tensors
    flat = [each.reshape(len(found.players), -1)[:, at] for each in (tensors.estimate, tensors.low, tensors.high)]
    numerical = [f"{n} {v:.3g} ({_span(a, b)})" for n, v, a, b in zip(found.players, *flat, strict=True)]
    luck, across = (
        [f"{n} {_span(*each[:, k, at])}" for k, n in enumerate(found.players)]
        for each in (tensors.luck, tensors.assumptions)
    )
    text = {
        "numerical": f"payoffs {', '.join(numerical)}, simultaneous 95 %; {how_often(found).partition(' and in ')[0]}",
        "luck": f"payoffs of single runs, central assumptions, 5 to 95 %: {', '.join(luck)}",
        "assumptions": "central assumptions only (--draws 0)",
    }
    if found.draws is not None:
        share = percent(found.draws.leader_follower[at])
        draws = f"mean payoffs of {found.draws.games} draws, 5 to 95 %: {', '.join(across)}"
        text["assumptions"] = f"{draws}; the answer in {share} of them"
    return text


def would_change(found: Game) -> tuple[str, ...]:
    """Return up to three lines: the nearest break-even weights, who moves first, the next answer across assumptions."""
    lines = [_break_even(found, each) for each in found.break_evens]
    lines += _order(found)
    lines += _next_answer(found)
    return tuple(lines[:3])


def _break_even(found: Game, each: BreakEven) -> str:
    term = found.terms[each.term]
    name = found.players[term.player]
    per = f"{term.per:,.6g} {term.unit}".strip() if term.unit != "1" else f"{term.per:,.6g}"
    if each.factor == 0:
        change = f"did {name} not care for {term.name}"
    else:
        direction = "more" if each.factor > 1 else "less"
        change = f"did {name} weigh {term.name} {direction}, by {term.weight * each.factor:.3g} points a {per}"
    where = f"; break-even{_where_else(each, term.weight)}" if each.factor else ""
    now = f"(now {term.weight:g}{where})"
    return f"{change} {now}, the answer would be {short(found, each.cell)}"


def _where_else(each: BreakEven, weight: float) -> str:
    pairs = (("over resampled luck", each.numerical), ("across assumptions", each.assumptions))
    said = [f" {_span(*sorted(weight * f for f in pair))} {name}" for name, pair in pairs if pair is not None]
    return (
        f", 5 to 95 %:{','.join(said)}" if said else " without interval: too few games have this answer and change it"
    )


def _order(found: Game) -> Iterator[str]:
    for player, cell in found.otherwise.items():
        if cell is not None and cell != found.headline:
            yield f"did {found.players[player]} move first, the answer would be {short(found, cell)}"


def _next_answer(found: Game) -> Iterator[str]:
    if found.draws is None or found.headline is None:
        return
    share = found.draws.leader_follower.copy()
    share[found.headline] = 0
    if share.max() > 0:
        cell = int(share.argmax())
        yield f"other assumptions: in {percent(share[cell])} of the draws the answer is {short(found, cell)}"


def short(found: Game, cell: int) -> str:
    """Return a cell in a few words: 'none/hold by ukraine, measured/11k by russia'."""
    profile = found.profile(cell)
    return ", ".join(
        f"{found.grid.labels(k)[at]} by {name}" for (k, name), at in zip(enumerate(found.players), profile, strict=True)
    )


def drives(found: Game) -> tuple[str, ...]:
    """Return for each player what its choice is worth against the next best, objective by objective."""
    if found.headline is None:
        return ()
    lines = []
    for player, name in enumerate(found.players):
        cells, own = list(alternatives(found, player).values()), found.tensors.estimate[player].ravel()
        if cells:
            other = cells[int(own[cells].argmax())]
            strategy = found.grid.said(player, found.profile(other)[player])
            lines.append(f"{name}, against {strategy}: {_parts(found, player, (found.headline, other))}")
    return tuple(lines)


def _parts(found: Game, player: int, pair: tuple[int, int]) -> str:
    whole = _difference(found, player, pair)
    parts = [
        (float(found.played.sampled.scales[player, k] * np.subtract(*found.tensors.terms[k, list(pair)])), term.name)
        for k, term in enumerate(found.terms)
        if term.player == player
    ]
    parts.sort(key=lambda part: -abs(part[0]))
    listed = ", ".join(f"{name} {value:+.2g}" for value, name in parts[:_MOST_PARTS])
    known = "" if told(found, player, pair) else " (not told from 0)"
    return f"{whole:+.2g} points{known}: {listed}"


def caveats(found: Game) -> tuple[str, ...]:
    """Return what to know before using the answer."""
    return tuple(line for lines in (_about_game(found), _about_equilibria(found), _about_runs(found)) for line in lines)


def _about_game(found: Game) -> Iterator[str]:
    if len(found.players) > 2:
        yield "those who do not move first move at the same time, after seeing it: an equilibrium among them"
    for player, extra, of in found.grid.merged:
        name, form = found.players[player], found.form
        yield f"{name}: {form.said(player, extra)} is the same as {form.said(player, of)} in every run, and left out"
    for term in constant_terms(found):
        yield f"{found.players[term.player]}: {term.name} is the same in every cell, so it decides nothing"
    for player in indifferent(found):
        yield f"{found.players[player]}: its payoff is the same in every cell; whatever it does is a best response"
    unanswered = [int(k) for k in np.flatnonzero(~found.led.answered)]
    if unanswered:
        names = _listed([found.grid.labels(found.leader)[k] for k in unanswered])
        yield f"to {names} the others have no answer in pure strategies; it counts with the worst that it can bring"
    gap = float(np.max(found.led.value - found.led.guarded))
    if gap > 1e-9:
        name = found.players[found.leader]
        yield f"ties of those who answer are settled for {name}; settled against it, it gets up to {gap:.2g} less"


def _about_equilibria(found: Game) -> Iterator[str]:
    pure = np.flatnonzero(found.nash)
    if len(pure):
        listed = "; ".join(short(found, int(cell)) for cell in pure[:_MOST_NAMED])
        more = f" and {len(pure) - _MOST_NAMED} more" if len(pure) > _MOST_NAMED else ""
        yield (
            f"moving at once, {len(pure)} equilibria in pure strategies: {listed}{more}"
            if len(pure) > 1
            else (f"moving at once, one equilibrium in pure strategies: {listed}")
        )
    else:
        yield "moving at once there is no equilibrium in pure strategies" + (
            f": best responses go round through {len(found.cycle)} profiles" if found.cycle else ""
        )
    if found.mixed is None:
        if len(found.players) == 2:
            yield "too many strategies to list equilibria in mixed ones"
        return
    count = sum(not each.pure for each in found.mixed.equilibria)
    yield f"in mixed strategies {count or 'none'} more" + (
        " (extreme ones)" if found.mixed.degenerate and count else ""
    )
    if found.mixed.degenerate:
        continua = found.mixed.continua
        yield "the game is degenerate (some strategy has more best answers than it mixes): " + (
            f"{continua} of its equilibria are continua, whose ends are listed"
            if continua
            else "its equilibria are points"
        )


def _about_runs(found: Game) -> Iterator[str]:
    yield f"payoffs are points counted from {short(found, found.played.sampled.reference)} (what the scenario takes)"
    played, counts = found.played, found.played.sampled.counts
    if counts.min() < counts.max():
        yield f"replications of each draw: {counts.min()} in every cell, up to {counts.max()} in those that decide"
    if played.open:
        yield f"{played.open} comparisons are open for want of runs: a larger --budget could decide them"
    if played.beyond:
        yield f"{played.beyond} comparisons with best responses are open that only more --draws could decide"
    if any(played.left_out):
        yield f"left out, as a run failed there: {played.left_out[0]} draws and {played.left_out[1]} replications"
    yield "strategies are fixed before luck; payoffs are the scenario's objectives, whose weights are judgements"


def _span(low: float, high: float) -> str:
    return f"{low:.3g} to {high:.3g}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
