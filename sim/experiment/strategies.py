"""The strategies of a game: for each player its options, or of several decisions every combination of them.

A *cell* is one strategy of each player. Its number counts through the strategies of the last player first, as numpy
does over the axes of a payoff array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, Problem
from sim.experiment.factors import CHOICE, Factor
from sim.experiment.points import Points

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

PLAYERS, STRATEGIES, PICK = "--players", "--strategies", "--choice"


@dataclass(frozen=True)
class Form:
    """Who plays, and what each can do.

    decisions : of each player, the decisions that it takes in the game, with the options of each.
    """

    players: tuple[str, ...]
    decisions: tuple[Mapping[str, tuple[str, ...]], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Return how many strategies each player has."""
        return tuple(prod(len(options) for options in held.values()) for held in self.decisions)

    @property
    def cells(self) -> int:
        """Return how many profiles there are."""
        return prod(self.shape)

    def strategies(self, player: int) -> list[dict[str, str]]:
        """Return the strategies of a player: the option that each takes of each decision."""
        held = self.decisions[player]
        return [dict(zip(held, options, strict=True)) for options in product(*held.values())]

    def labels(self, player: int) -> list[str]:
        """Return the strategies of a player in short: 'ordered/hold'."""
        return ["/".join(strategy.values()) for strategy in self.strategies(player)]

    def said(self, player: int, strategy: int) -> str:
        """Return a strategy as a sentence names it: 'incursion=ordered, kursk=hold'."""
        taken = self.strategies(player)[strategy]
        return ", ".join(f"{path.partition('.')[2]}={option}" for path, option in taken.items())

    def profile(self, cell: int) -> tuple[int, ...]:
        """Return the strategy of each player in a cell."""
        return tuple(int(k) for k in np.unravel_index(cell, self.shape))

    def label(self, cell: int) -> str:
        """Return a cell in words: 'ukraine: incursion=none; russia: response=divert'."""
        parts = zip(self.players, self.profile(cell), range(len(self.players)), strict=True)
        return "; ".join(f"{name}: {self.said(player, strategy)}" for name, strategy, player in parts)

    def options(self, cell: int) -> dict[str, str]:
        """Return the option of each decision in a cell."""
        taken: dict[str, str] = {}
        for player, strategy in enumerate(self.profile(cell)):
            taken.update(self.strategies(player)[strategy])
        return taken

    def cell_of(self, choices: Mapping[str, str]) -> int:
        """Return the cell of the options that a scenario takes; where one is not in the game, its first is taken."""
        at = []
        for player in range(len(self.players)):
            wanted = {
                path: choices[path] if choices.get(path) in options else options[0]
                for path, options in self.decisions[player].items()
            }
            at.append(self.strategies(player).index(wanted))
        return int(np.ravel_multi_index(at, self.shape))

    def points(self, cells: Sequence[int]) -> Points:
        """Return some cells as points of a design."""
        every = [self.strategies(player) for player in range(len(self.players))]
        rows = [
            {k: v for at, own in zip(self.profile(c), every, strict=True) for k, v in own[at].items()} for c in cells
        ]
        factors = tuple(Factor(path, CHOICE, options) for held in self.decisions for path, options in held.items())
        columns = {factor.name: np.array([row[factor.name] for row in rows], object) for factor in factors}
        return Points(factors, columns, (), len(rows))


def form_of(loaded: Loaded, players: Sequence[str], restrictions: Sequence[str], picks: Sequence[str]) -> Form:
    """Return the form of a game; raise InputError with all that is wrong.

    restrictions : 'actor.decision' or 'actor.decision=option,option', the only decisions of that actor in the game.
    picks : the `--choice` given beside, which may not be of a decision of the game.
    """
    offered = _offered(loaded)
    problems = [*_wrong_players(loaded, players, offered)]
    limited, wrong = _limited(restrictions, players, offered)
    problems += wrong
    if problems:
        raise InputError(problems)
    decisions = tuple(limited.get(player) or offered[player] for player in players)
    problems = [*_conflicts(picks, decisions)]
    if problems:
        raise InputError(problems)
    return Form(tuple(players), decisions)


def _offered(loaded: Loaded) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the options of each decision, by actor and decision."""
    from sim.scenario.overlay import decisions

    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for decision in decisions(loaded.tree):
        if decision.default is None:
            continue  # a lever of the dilemma is no actor's choice
        actor = decision.path.partition(".")[0]
        found.setdefault(actor, {})[decision.path] = tuple(decision.options)
    return found


def _wrong_players(
    loaded: Loaded, players: Sequence[str], offered: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Iterator[Problem]:
    from sim.scenario.wording import suggestion

    objectives = loaded.scenario.objectives
    known = list(dict.fromkeys([*loaded.scenario.sides, *loaded.scenario.aid, *offered]))
    if len(set(players)) < 2:
        seen = f"'{players[0]}' alone" if players else "nobody"
        able = ", ".join(name for name in offered if name in objectives) or "none of its actors has both"
        yield Problem(PLAYERS, "", f"{seen} makes no game: name two or more (choices and objectives: {able})")
    for player in dict.fromkeys(players):
        if list(players).count(player) > 1:
            yield Problem(PLAYERS, player, "is named twice")
        if player not in known:
            yield Problem(PLAYERS, player, f"there is no such actor{suggestion(player, known)}")
        elif player not in offered:
            yield Problem(PLAYERS, player, f"has no choices in the scenario (choices.{player}), so it cannot play")
        elif player not in objectives:
            message = f"has no objectives in the scenario; write objectives.{player} (docs/game.md)"
            yield Problem(PLAYERS, player, message)


def _limited(
    restrictions: Sequence[str], players: Sequence[str], offered: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> tuple[dict[str, dict[str, tuple[str, ...]]], list[Problem]]:
    """Return the decisions of each player that is restricted, and what is wrong."""
    from sim.scenario.wording import suggestion

    found: dict[str, dict[str, tuple[str, ...]]] = {}
    problems: list[Problem] = []
    known = {path: options for held in offered.values() for path, options in held.items()}
    for text in restrictions:
        path, equals, listed = (part.strip() for part in text.partition("="))
        actor = path.partition(".")[0]
        options = tuple(dict.fromkeys(each.strip() for each in listed.split(",") if each.strip()))
        if path not in known:
            problems.append(Problem(STRATEGIES, path, f"there is no such decision{suggestion(path, known)}"))
        elif actor not in players:
            problems.append(Problem(STRATEGIES, path, f"'{actor}' is not among the players ({', '.join(players)})"))
        elif equals and not options:
            problems.append(Problem(STRATEGIES, path, "names no option"))
        elif path in found.get(actor, {}):
            problems.append(Problem(STRATEGIES, path, "is given twice; name all of its options at once"))
        else:
            unknown = [option for option in options if option not in known[path]]
            problems += [
                Problem(STRATEGIES, path, f"has no option '{option}'{suggestion(option, known[path])}")
                for option in unknown
            ]
            found.setdefault(actor, {})[path] = options or known[path]
    return found, problems


def _conflicts(picks: Sequence[str], decisions: Sequence[Mapping[str, tuple[str, ...]]]) -> Iterator[Problem]:
    """Yield the options taken beforehand of decisions that the game is about."""
    for text in picks:
        path = text.partition("=")[0].strip()
        if any(path in held for held in decisions):
            message = f"is a decision of the game, so it cannot be taken beforehand; {STRATEGIES} restricts its options"
            yield Problem(PICK, path, message)
