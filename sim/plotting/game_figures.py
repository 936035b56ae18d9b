"""The figures of a game, from its answer and its tables, as the command has them or as a result folder keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from sim.plotting.leads import Leads
from sim.plotting.leads import leads as draw_leads
from sim.plotting.page import Frame, words
from sim.plotting.payoffs import Payoffs, fits
from sim.plotting.payoffs import payoffs as draw_payoffs
from sim.plotting.support import Player, Support
from sim.plotting.support import support as draw_support


class Shown(NamedTuple):
    """What figures are drawn of: numbers and tables of the answer, the title of the scenario, and where it is from."""

    numbers: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    title: str
    footer: str


def provenance(manifest: Mapping[str, Any], numbers: Mapping[str, Any]) -> str:
    """Return the footer: result, size, seed, model."""
    rounds = " then ".join(f"{each['cells']} cells × {each['replications']}" for each in numbers["rounds"])
    runs = f"{numbers['draws'] + 1} draws × ({rounds} replications)"
    return f"twofront game {manifest['id']}: {runs}, seed {manifest['seed']}, model {manifest['model_version']}"


def figures(shown: Shown) -> dict[str, Figure]:
    """Return the payoff matrix (of two players and few strategies), what the leader's lead to, and the support bars."""
    players = shown.numbers["players"]
    sizes = [len(shown.numbers["strategies"][name]) for name in players]
    found = {}
    if len(players) == 2 and fits(*sizes):
        found["payoffs"] = draw_payoffs(_matrix(shown, players, (sizes[0], sizes[1])))
    found["leads"] = draw_leads(_leads(shown))
    found["support"] = draw_support(_support(shown, players))
    return found


def _finding(shown: Shown) -> str:
    """Return the headline: who takes what, and from how many others that is not told."""
    answer, first = shown.numbers["answer"], shown.numbers["moves_first"]
    if answer is None:
        return f"{words(first)} moves first: the others have no answer in pure strategies to its best"
    lead, others = _taken(answer, first, "moves first and takes"), [n for n in answer["strategies"] if n != first]
    if len(others) == 1:
        return f"{lead}; {_taken(answer, others[0], 'answers')}"
    replies = ", ".join(answer["strategies"][name] for name in others)
    untold = any(answer["not_told_from"][name] for name in others)
    return f"{lead}; the others answer {replies}{' (not told)' if untold else ''}"


def _taken(answer: Mapping[str, Any], name: str, how: str) -> str:
    count = len(answer["not_told_from"][name])
    beside = f" (not told from {count} other{'s' if count > 1 else ''})" if count else ""
    return f"{words(name)} {how} {answer['strategies'][name]}{beside}"


def _frame(shown: Shown, caption: str, notes: Sequence[str]) -> Frame:
    return Frame(_finding(shown), f"{shown.title}: {caption}", shown.footer, tuple(notes))


def _matrix(shown: Shown, players: Sequence[str], sizes: tuple[int, int]) -> Payoffs:
    rows, names = shown.tables["cells"], shown.numbers["strategies"]

    def grid(name: str) -> Any:
        return np.asarray(rows[name]).reshape(sizes)

    at = np.argwhere(grid("leader_follower").astype(bool))
    notes = ("points counted from what the scenario takes, estimates; intervals in cells.csv",)
    return Payoffs(
        players=(players[0], players[1]),
        rows=tuple(names[players[0]]),
        columns=tuple(names[players[1]]),
        values=np.stack([grid(f"{name}_payoff").astype(np.float64) for name in players]),
        responses=np.stack([grid(f"{name}_best_response").astype(bool) for name in players]),
        nash=grid("nash").astype(bool),
        led_to=grid("led_to").astype(bool),
        answer=(int(at[0, 0]), int(at[0, 1])) if len(at) else None,
        frame=_frame(
            shown, f"payoffs of {words(players[0])} (lower left) and {words(players[1])} (upper right)", notes
        ),
    )


def _leads(shown: Shown) -> Leads:
    rows = shown.tables["leads"]
    others = [name for name in rows if name.endswith("_answer")]
    answers = []
    for k in range(len(rows["strategy"])):
        parts = [str(rows[name][k]) for name in others]
        answers.append("; ".join(parts) if all(parts) else "")
    caption = "what each strategy leads to, once the others have seen it"
    return Leads(
        leader=shown.numbers["moves_first"],
        strategies=tuple(str(each) for each in rows["strategy"]),
        answers=tuple(answers),
        behind=np.asarray(rows["behind"], np.float64),
        low=np.asarray(rows["behind_low"], np.float64),
        high=np.asarray(rows["behind_high"], np.float64),
        frame=_frame(shown, caption, ()),
    )


def _support(shown: Shown, players: Sequence[str]) -> Support:
    rows, made = shown.tables["strategies"], []
    for name in players:
        own = np.asarray([str(each) == name for each in rows["player"]])
        shares = [np.asarray(rows[f"played_share_{over}"], np.float64)[own] for over in ("luck", "assumptions")]
        labels = [str(each) for each, mine in zip(rows["strategy"], own, strict=True) if mine]
        made.append(Player(name, tuple(labels), *shares))
    what = "played in the leader-follower answer"
    caption = f"how often each strategy is {what}"
    return Support(
        tuple(made), what, _frame(shown, caption, ("of equal answers each counts, so that shares may add up to more",))
    )
