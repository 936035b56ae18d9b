"""Write docs/signs.md: the signs that docs/model.md expected before any run, beside those that the flagship shows.

Run `python docs/signs.py` (about two minutes on two cores; central assumptions, runs paired on the same luck). Every
miss needs an explanation in `EXPLAINED`, and one that is no longer needed is an error: so the page cannot go stale.
"""

import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.experiment.study import study
from sim.scenario.load import load, quantities

HERE = Path(__file__).parent
FLAGSHIP = HERE.parent / "scenarios" / "kursk_2024.yaml"
REPLICATIONS, SEED = 600, 0
OUTCOMES = {
    "Kursk": ("kursk.territory_km2.article", "kursk.territory_km2.winter"),
    "East": ("east.territory_km2.article", "east.territory_km2.winter"),
    "Dual": ("dual_success", "dual_success.winter"),
}
SMALL = {
    "Kursk": 10.0,
    "East": 15.0,
    "Dual": 0.01,
}  # fixed beforehand: about one per cent of each
EAST = ("kharkiv", "kupiansk", "toretsk", "pokrovsk", "kurakhove", "south")
RUSSIA, UKRAINE = "sides.russia", "sides.ukraine"


class Change(NamedTuple):
    """What a row of the page changes: choices, and numbers times a factor or plus an amount (at central values)."""

    choices: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    factor: float = 1.0
    plus: float = 0.0


def front(*fields: str) -> tuple[str, ...]:
    """The same field of every eastern front."""
    return tuple(f"fronts.{name}.{field}" for name in EAST for field in fields)


CHANGES: dict[str, Change] = {
    "choice: no incursion": Change(("ukraine.incursion=none",)),
    "choice: Russia diverts from the east": Change(("russia.response=divert",)),
    "choice: no North Koreans": Change(("russia.inflow=none",)),
    "choice: 30,000 North Koreans": Change(("russia.inflow=30k",)),
    "choice: Ukraine reinforces Kursk": Change(("ukraine.kursk=reinforce",)),
    "choice: Ukraine withdraws": Change(("ukraine.kursk=withdraw",)),
    "aid stepped up": Change(("west.aid=stepped_up",)),
    "surprise multiplier": Change(paths=("combat.surprise",), factor=1.15),
    "border length": Change(paths=("fronts.kursk.length",), factor=1.2),
    "reaction time": Change(paths=("fronts.kursk.reaction",), factor=1.3),
    "g0": Change(paths=("combat.ground",), factor=1.1),
    "eta": Change(paths=("combat.ground_exponent",), plus=0.15),
    "a (win intercept)": Change(paths=("combat.win_intercept",), plus=0.1),
    "culmination ratio": Change(paths=("combat.culmination",), plus=0.1),
    "tempo in the east": Change(paths=front("tempo"), factor=1.1),
    "Ukrainian people in the east": Change(paths=front("forces.ukraine.regular"), factor=1.1),
    "Russian lift to Kursk": Change(paths=(f"{RUSSIA}.movement.lift.kursk",), factor=1.3),
    "Russian decision delay": Change(paths=(f"{RUSSIA}.policies.expel.after",), plus=3),
    "Russian per_km2": Change(paths=(f"{RUSSIA}.policies.expel.per_km2",), factor=1.3),
    "Russian recruits": Change(paths=(f"{RUSSIA}.recruits.per_month",), factor=1.2),
    "Ukrainian recruits": Change(paths=(f"{UKRAINE}.recruits.per_month",), factor=1.2),
    "works build rate": Change(paths=("combat.works_build",), factor=1.5),
    "overextension scale v0 (larger = less of it)": Change(paths=("combat.overextension",), factor=1.5),
    "withdrawal hazard h0": Change(paths=("withdrawal.hazard",), factor=2),
    "effort fatigue": Change(paths=("combat.fatigue_effort",), factor=2),
    "luck sigma": Change(paths=("luck.theatre_sigma", "luck.front_sigma"), factor=1.3),
    "Russian munitions": Change(paths=(f"{RUSSIA}.munitions.stock", f"{RUSSIA}.munitions.production"), factor=0.5),
    "kappa of the Russian attacker": Change(paths=(f"{RUSSIA}.casualties.attacking",), factor=1.15),
    "share of wounded who return (Russia)": Change(paths=(f"{RUSSIA}.casualties.returning",), factor=1.2),
    "follow_yield rate": Change(paths=(f"{RUSSIA}.policies.exploit.rate",), factor=2),
}
LOWERED = {"Russian munitions"}  # the page expects the sign of more; here they are halved, and the signs turned round
EXPLAINED: list[tuple[tuple[tuple[str, str], ...], str]] = [
    (
        (("g0", "Kursk"), ("a (win intercept)", "Kursk")),
        "More ground for each engagement, or more engagements won, gives Ukraine more in August and Russia "
        "more in its return; by November the return has taken back as much, or more.",
    ),
    (
        (("culmination ratio", "Kursk"),),
        "It stops Ukraine's attack earlier, but by November it has held back Russia's return for longer.",
    ),
    (
        (("eta", "East"),),
        "The exponent turns about the reference density (375 power per km). The axes where Russia gains lie "
        "below it, so a larger exponent gives more there; the dense and quiet axes, which lie above, give "
        "less, and hold little gain.",
    ),
    (
        (("overextension scale v0 (larger = less of it)", "East"),),
        "Two effects that cancel by November: attackers keep their supply, and Kursk keeps more Russians busy "
        "(a salient that grows larger asks for more people out of the reserve that feeds the east). By "
        "January the second wins.",
    ),
    (
        (("effort fatigue", "Dual"),),
        "Fatigue was expected to weaken those who attack, Russia in the east. It also wears the readiness of "
        "Ukraine's force in Kursk, which is at full effort throughout; K decides dual success, since E is met "
        "anyway.",
    ),
    (
        (("withdrawal hazard h0", "Kursk"), ("withdrawal hazard h0", "Dual")),
        "The hazard is small while pressure in Kursk stays below parity, as it does; doubled it is still small.",
    ),
    (
        (("luck sigma", "East"),),
        "Ground lost calls reserves, and ground not lost sends none back: larger luck costs the attacker a "
        "little. It is at the edge of its interval.",
    ),
    (
        (("luck sigma", "Kursk"),),
        "Luck has mean one, but ground is bounded and answered: a lucky August draws a larger Russian force "
        "(people required per km2 lost), and an unlucky one cannot fall below nothing. The response is "
        "steeper than the gain.",
    ),
    (
        (
            ("surprise multiplier", "Dual"),
            ("border length", "Dual"),
            ("reaction time", "Dual"),
            ("Russian lift to Kursk", "Dual"),
            ("Russian decision delay", "Dual"),
        ),
        "A larger salient draws a larger Russian force and is held by no more Ukrainians; by 31 January what "
        "August added is gone (a few km2 in Kursk), and with it the effect on dual success. On 11 November "
        "the signs are those expected, within the intervals.",
    ),
    (
        (
            ("Ukrainian people in the east", "Dual"),
            ("Ukrainian recruits", "Dual"),
            ("works build rate", "Dual"),
            ("share of wounded who return (Russia)", "Dual"),
        ),
        "Dual success was expected to follow the east. At central assumptions the main offensive counts as "
        "kept in all runs, so what happens in the east alone cannot move it.",
    ),
]

HEAD = """# Signs: expected before any run, and seen

Generated by `python docs/signs.py`: the flagship at central assumptions, {n} replications of each change paired with
the unchanged runs on the same luck. A cell says: what docs/model.md 6 expected; the mean difference on 11 November
2024; on 31 January 2025; the verdict. Kursk and East in km2, Dual a probability. The number after ± is the half-width
of an interval that holds for the whole table at 95 % (Bonferroni). Where 0 was expected, a change below
{small}
counts as 0 (fixed beforehand). Signs expected late, and of Dual, are judged on 31 January. *not seen*: a sign was
expected and the interval holds 0; *none expected*: 0 was expected, and more is seen; *MISS*: the interval lies on the
other side; *open*: no sign was expected."""


class Row(NamedTuple):
    """A change, what was expected of an outcome, and the paired mean differences on the two dates with half-widths."""

    change: str
    outcome: str
    expected: str
    found: tuple[tuple[float, float], tuple[float, float]]


def expected() -> dict[str, tuple[str, str, str]]:
    """The table of section 6 of docs/model.md: change -> expected signs of Kursk, East, Dual."""
    page = (HERE / "model.md").read_text()
    table = page.partition("## 6. Expected signs")[2].partition("### 6.1")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", table, re.MULTILINE)
    ]
    return {row[0]: (row[1], row[2], row[3]) for row in rows[2:]}


@cache
def central() -> dict[str, float]:
    """Central values of the flagship's numbers by path."""
    return {path: quantity.central for path, quantity in quantities(load(FLAGSHIP), every=True)}


def outcomes(change: Change, replications: NDArray[np.uint64]) -> dict[str, NDArray[np.float64]]:
    """Outcomes of the flagship, changed, by name, float64[run]."""
    sets = [f"{path}={central()[path] * change.factor + change.plus:.12g}" for path in change.paths]
    case = study(load(FLAGSHIP, list(change.choices), sets), SEED).case(0)
    other = case.counterfactual.simulate(SEED, replications) if case.counterfactual else None
    return {
        name: np.asarray(values) for name, values in case.measure(case.main.simulate(SEED, replications), other).items()
    }


def rows(changes: Sequence[str], n: int) -> list[Row]:
    """What is seen of some changes."""
    signs, replications = expected(), np.arange(n, dtype=np.uint64)
    with ThreadPoolExecutor(2) as pool:
        base, *found = pool.map(lambda name: outcomes(CHANGES.get(name, Change()), replications), ["", *changes])
    z = NormalDist().inv_cdf(1 - 0.025 / (len(CHANGES) * len(OUTCOMES)))  # 95 % over the whole table (Bonferroni)
    return [
        Row(name, outcome, signs[name][k], tuple(difference(values, base, date, z, name in LOWERED) for date in dates))
        for name, values in zip(changes, found, strict=True)
        for k, (outcome, dates) in enumerate(OUTCOMES.items())
    ]


def difference(
    changed: dict[str, NDArray[np.float64]], base: dict[str, NDArray[np.float64]], name: str, z: float, turned: bool
) -> tuple[float, float]:
    """Mean paired difference and the half-width of its simultaneous interval (replications are independent)."""
    values = (changed[name] - base[name]) * (-1 if turned else 1)
    return float(values.mean()), float(z * values.std(ddof=1) / np.sqrt(len(values)))


def told(row: Row, date: int) -> str:
    """The sign that the interval tells on a date: +, -, or 0."""
    mean, half = row.found[date]
    return "0" if abs(mean) <= half else "+" if mean > 0 else "-"


def verdict(row: Row) -> str:
    """Whether the sign is that expected: on 11 November, or on 31 January where it was expected late, and of Dual."""
    if row.expected in {"?", "n/a", "null", "toward 1/2"}:
        return "open"
    wanted = {sign for sign in ("+", "-", "0") if sign in row.expected.partition("K")[0]}
    date = 1 if "late" in row.expected or row.outcome == "Dual" else 0
    sign = told(row, date)
    if sign in wanted or ("0" in wanted and abs(row.found[date][0]) < SMALL[row.outcome]):
        return "as expected"
    return "not seen" if sign == "0" else "none expected" if wanted == {"0"} else "MISS"


def cell(row: Row) -> str:
    """A row's cell: difference on both dates with half-widths, and the verdict."""
    digits = 3 if row.outcome == "Dual" else 0
    shown = [f"{mean:+.{digits}f} ± {half:.{digits}f}" for mean, half in row.found if not np.isnan(mean)]
    return f"{row.expected}: {'; '.join(shown) or 'null'} ({verdict(row)})"


def page(found: Sequence[Row], n: int) -> str:
    """The page."""
    by_change = {
        name: [row for row in found if row.change == name] for name in dict.fromkeys(row.change for row in found)
    }
    counts = {
        kind: sum(verdict(row) == kind for row in found)
        for kind in ("as expected", "not seen", "none expected", "MISS", "open")
    }
    small = f"{SMALL['Kursk']:g} km2 in Kursk, {SMALL['East']:g} km2 in the east and {SMALL['Dual']:g} in Dual"
    lines = [
        *HEAD.format(n=n, small=small).splitlines(),
        "",
        "; ".join(f"{kind}: {count}" for kind, count in counts.items()) + f" (of {len(found)}).",
        "",
        "| changed | by | Kursk | East | Dual |",
        "|---|---|---|---|---|",
    ]
    for name, cells in by_change.items():
        lines.append(f"| {name} | {amount(name)} | " + " | ".join(cell(row) for row in cells) + " |")
    lines += ["", "## What was not as expected, and why", ""]
    for keys, text in EXPLAINED:
        lines.append(f"- **{'; '.join(f'{name}, {outcome}' for name, outcome in keys)}.** {text}")
    return "\n".join(lines) + "\n"


def amount(name: str) -> str:
    """How much a row changes."""
    change = CHANGES[name]
    if change.choices:
        return f"`{change.choices[0]}`"
    if name in LOWERED:
        return f"x {change.factor:g}, signs turned"
    return f"{change.plus:+g}" if change.plus else f"x {change.factor:g}"


def unexplained(found: Sequence[Row]) -> list[str]:
    """Misses without an explanation, and explanations without a miss."""
    missed = {(row.change, row.outcome) for row in found if verdict(row) in {"MISS", "none expected", "not seen"}}
    explained = {key for keys, _ in EXPLAINED for key in keys}
    return [f"not explained: {key}" for key in sorted(missed - explained)] + [
        f"explained, but as expected: {key}" for key in sorted(explained - missed)
    ]


def main() -> int:
    """Write the page; 1 when something is not explained."""
    found = rows(list(CHANGES), REPLICATIONS)
    (HERE / "signs.md").write_text(page(found, REPLICATIONS), encoding="utf-8")
    problems = unexplained(found)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
