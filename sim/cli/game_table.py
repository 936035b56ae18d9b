"""A game on a terminal: what each strategy of the leader leads to, the payoffs of two players, and the strategies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from sim.analysis.answer import Answer

_MOST_COLUMNS = 10
_MOST_ROWS = 12


def tables(answer: Answer) -> list[Any]:
    """Return the tables of a game, with their headings."""
    players = list(answer.numbers["players"])
    shown: list[Any] = ["what the leader compares", _leads(answer), ""]
    if len(players) == 2 and len(answer.numbers["strategies"][players[1]]) <= _MOST_COLUMNS:
        shown += [_heading(players), _matrix(answer, players), ""]
    else:
        shown += ["profiles most often an answer", _top(answer, players), ""]
    return [*shown, "strategies", _strategies(answer), ""]


def _heading(players: list[str]) -> str:
    return f"payoffs of {players[0]} | {players[1]} (* best response, N equilibrium, L leader-follower answer)"


def _grid(names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(names):
        table.add_column(name, justify="left" if k == 0 else "right", no_wrap=True)
    return table


def _leads(answer: Answer) -> Table:
    rows = answer.tables["leads"]
    others = [name for name in rows if name.endswith("_answer")]
    table = _grid(
        [f"{rows['player'][0]}", *(name.replace("_answer", " answers") for name in others), "payoff", "behind", "95 %"]
    )
    for k in sorted(range(len(rows["strategy"])), key=lambda k: -float(rows["value"][k])):
        answers = [str(rows[name][k]) or "no answer" for name in others]
        span = _span(rows["behind_low"][k], rows["behind_high"][k])
        table.add_row(str(rows["strategy"][k]), *answers, _number(rows["value"][k]), _number(rows["behind"][k]), span)
    return table


def _matrix(answer: Answer, players: list[str]) -> Table:
    rows, names = answer.tables["cells"], answer.numbers["strategies"]
    table = _grid(["", *names[players[1]]])
    width = len(names[players[1]])
    for k, own in enumerate(names[players[0]]):
        table.add_row(own, *(_cell(rows, players, k * width + j) for j in range(width)))
    return table


def _cell(rows: Mapping[str, Any], players: list[str], cell: int) -> str:
    parts = [f"{_number(rows[f'{p}_payoff'][cell])}{'*' if rows[f'{p}_best_response'][cell] else ''}" for p in players]
    return f"{' | '.join(parts)}{_marks(rows, cell)}"


def _marks(rows: Mapping[str, Any], cell: int) -> str:
    marks = ("N" if rows["nash"][cell] else "") + ("L" if rows["leader_follower"][cell] else "")
    return f" {marks}" if marks else ""


def _top(answer: Answer, players: list[str]) -> Table:
    rows = answer.tables["cells"]
    names = [
        *players,
        *(f"payoff {name}" for name in players),
        "leads: luck",
        "assumptions",
        "Nash: luck",
        "assumptions",
        "",
    ]
    table = _grid(names)
    for k in most_often(rows)[:_MOST_ROWS]:
        shares = [
            _percent(rows[f"{kind}_share_{over}"][k])
            for kind in ("leader_follower", "nash")
            for over in ("luck", "assumptions")
        ]
        taken = [str(rows[f"{name}_strategy"][k]) for name in players]
        table.add_row(*taken, *(_number(rows[f"{name}_payoff"][k]) for name in players), *shares, _marks(rows, k))
    return table


def most_often(rows: Mapping[str, Any]) -> list[int]:
    """Return the cells in the order of how often they are an answer."""

    def often(k: int) -> tuple[float, ...]:
        names = ("leader_follower_share_luck", "leader_follower_share_assumptions", "nash_share_luck")
        values = [float(rows[name][k]) for name in names]
        return tuple(0.0 if math.isnan(value) else value for value in values)

    return sorted(range(len(rows["cell"])), key=lambda k: tuple(-value for value in often(k)))


def _strategies(answer: Answer) -> Table:
    table = _grid(
        [
            "",
            "strategy",
            "at worst",
            "dominated",
            "in the answer: luck",
            "assumptions",
            "in some equilibrium: luck",
            "assumptions",
        ]
    )
    for row in _rows(answer.tables["strategies"]):
        shares = [
            _percent(row[f"{kind}_share_{over}"]) for kind in ("played", "support") for over in ("luck", "assumptions")
        ]
        table.add_row(row["player"], row["strategy"], _number(row["maximin"]), _dominated(row), *shares)
    return table


def _rows(columns: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _dominated(row: Mapping[str, Any]) -> str:
    for kind in ("strictly", "weakly"):
        number = row[f"dominated_{kind}_round"]
        if number == number:
            return f"{kind}, round {number:.0f}" if number > 1 else kind
    return "-"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"


def _percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.0f} %"


def _span(low: float, high: float) -> str:
    return "-" if low != low or low == high else f"{low:.3g} to {high:.3g}"
