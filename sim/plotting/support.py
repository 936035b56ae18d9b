"""Equilibrium support: how often each strategy is played, over resampled luck and over assumptions, a bar for each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.plotting.page import Frame, add_note, key, page, panel, quiet, words, write
from sim.plotting.style import BLUE, BODY, INK, ORANGE, SMALL, across, fitted

Values = NDArray[np.float64]

MOST_ROWS = 10
MOST_PLAYERS = 4
_LEFT, _EDGE, _TOP, _FOOT, _BETWEEN = 0.35, 13.0, 5.75, 1.05, 0.35  # inches
_LABEL = 0.42  # share of a player's slot that its strategies' names take
_BAR, _MOST_HEIGHT = 0.36, 0.72  # of a row; inches of a row


@dataclass(frozen=True)
class Player:
    """A player: its strategies, and in which share of games each is played, float64[strategy] (not-a-number: unknown).

    luck : over resampled luck; assumptions : over draws.
    """

    name: str
    strategies: tuple[str, ...]
    luck: Values
    assumptions: Values


@dataclass(frozen=True)
class Support:
    """What the figure shows; `what` says in words what counts as played."""

    players: tuple[Player, ...]
    what: str
    frame: Frame


def support(shown: Support) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        players = [_most_played(player) for player in shown.players[:MOST_PLAYERS]]
        slot = (_EDGE - _LEFT) / len(players)
        rows = max(len(player.strategies) for player in players)
        height = min(_MOST_HEIGHT * rows, _TOP - _FOOT)
        for k, player in enumerate(players):
            left, wide = _LEFT + slot * k + slot * _LABEL, slot * (1 - _LABEL) - _BETWEEN
            own = height * len(player.strategies) / rows
            axes = panel(figure, left, _TOP - own, wide, own)
            _draw(axes, player)
            _names(figure, player, (left, own, slot * _LABEL))
        key(figure, _marks(players), columns=3)
        left_out = [
            a.name for a, b in zip(shown.players, players, strict=False) if len(a.strategies) > len(b.strategies)
        ]
        left_out += [player.name for player in shown.players[MOST_PLAYERS:]]
        if left_out:
            add_note(figure, f"not all strategies of {', '.join(left_out)} are shown, only those most often played")
    return figure


def _most_played(player: Player) -> Player:
    """Return a player with the strategies most often played, in their own order."""
    often = np.nan_to_num(player.luck) + np.nan_to_num(player.assumptions)
    kept = np.sort(np.argsort(-often, kind="stable")[:MOST_ROWS])
    names = tuple(player.strategies[k] for k in kept)
    return Player(player.name, names, player.luck[kept], player.assumptions[kept])


def _draw(axes: Axes, player: Player) -> None:
    places = np.arange(len(player.strategies))
    for values, shift, colour, name in (
        (player.luck, -0.5, BLUE, "luck"),
        (player.assumptions, 0.5, ORANGE, "assumptions"),
    ):
        known = np.isfinite(values)
        axes.barh(places[known] + shift * _BAR, values[known], _BAR, color=colour, gid=name)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    quiet(axes, "x")
    for low, high in pairwise(places):
        axes.axhline((low + high) / 2, color="white", linewidth=1.0)


def _names(figure: Figure, player: Player, place: tuple[float, float, float]) -> None:
    left, height, room = place
    write(figure, left, _TOP + 0.16, words(player.name), fontsize=BODY, fontweight="bold", color=INK)
    for k, name in enumerate(player.strategies):
        text = write(figure, left - 0.1, _TOP - height * (k + 0.5) / len(player.strategies), name, ha="right")
        fitted(text, across(room - 0.2) * figure.bbox.width, SMALL)


def _marks(players: list[Player]) -> list[Patch]:
    marks = [Patch(color=BLUE, label="of resamplings of luck (numerical)")]
    if any(np.isfinite(player.assumptions).any() for player in players):
        marks.append(Patch(color=ORANGE, label="of draws of the assumptions"))
    return marks
