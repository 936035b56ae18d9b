"""Write docs/findings.md: the article's twelve claims, each with the command that tests it and what that answered.

Run `make findings` (or `python docs/findings.py`): every command is run, its result kept in results/findings/, and the
page is written from what the commands say in JSON. What was finished is not run again. `--check` writes nothing and
exits with 1 where the claims or commands on the page are not those of findings.yaml.

Sentences are made by the rules below: no direction where an interval includes zero, no probability without its range
across assumptions. What could be wrong with an answer is typed by hand, and holds no number of the model.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE, TEXTS = HERE / "findings.md", HERE / "findings.yaml"
RESULTS = Path("results") / "findings"
TWO = "kursk.territory_km2@2024-11-11", "kursk.territory_km2@2025-01-31"
EAST = "east.territory_km2@2024-11-11", "east.territory_km2@2025-01-31"
BOTH = "dual_success", "dual_success.winter"
MONTHS = {
    "September": "east.territory_km2@2024-08-31..2024-09-30",
    "October": "east.territory_km2@2024-09-30..2024-10-31",
    "November": "east.territory_km2@2024-10-31..2024-11-30",
    "December": "east.territory_km2@2024-11-30..2024-12-31",
}
LATER = {
    "31 December": "kursk.territory_km2@2024-12-31",
    "28 February": "kursk.territory_km2@2025-02-28",
    "30 April": "kursk.territory_km2@2025-04-30",
}

Json = Mapping[str, Any]
Lines = Iterator[str]

# ---- sentences -------------------------------------------------------------------------------------------------------


def figure(value: float) -> str:
    """A number to three digits; people by the hundred from 10,000 on."""
    if abs(value) >= 10_000:
        return f"{round(value, -2):,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def span(low: float, high: float, scale: float = 1.0) -> str:
    """A range."""
    return f"{figure(scale * low)} to {figure(scale * high)}"


def chance(row: Json) -> str:
    """A probability with its numerical interval and its range across assumptions."""
    across = percents(row["assumptions_q05"], row["assumptions_q95"])
    said = f"in {100 * row['mean']:.0f} % of runs ({percents(*bounds(row))} numerical)"
    return f"{said}; {across} across plausible assumptions"


def share(row: Json) -> str:
    """A share that is no probability, with the three spreads."""
    luck = percents(row["luck_q05"], row["luck_q95"])
    across = percents(row["assumptions_q05"], row["assumptions_q95"])
    return (
        f"{100 * row['mean']:.0f} % ({percents(*bounds(row))} numerical; {luck} by luck at central assumptions; "
        f"{across} across plausible assumptions)"
    )


def percents(low: float, high: float) -> str:
    """A range of shares, in whole per cent."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def amount(row: Json, unit: str) -> str:
    """A mean with its numerical interval, luck at central assumptions, and its range across assumptions."""
    luck = span(row["luck_q05"], row["luck_q95"])
    across = span(row["assumptions_q05"], row["assumptions_q95"])
    return (
        f"{figure(row['mean'])} {unit} ({span(*bounds(row))} numerical; {luck} by luck at central assumptions; "
        f"{across} across plausible assumptions)"
    )


def bounds(row: Json) -> tuple[float, float]:
    """The numerical 95 % interval of a mean."""
    return row["mean_low"], row["mean_high"]


def difference(pair: Json, what: str) -> str:
    """A paired difference: a direction only where its simultaneous interval excludes zero."""
    share = pair["unit"] == "probability"
    scale, unit = (100, "percentage points") if share else (1, pair["unit"].replace("km2", "km²"))
    if pair["simultaneous_ci95"] is None:
        return f"{what}: too few runs for an interval"
    low, high = pair["simultaneous_ci95"]
    if pair["direction"] is None:
        return f"{what}: no difference told ({span(low, high, scale)} {unit})"
    near, far = sorted((abs(low), abs(high)))
    size = f"{figure(scale * abs(pair['difference']))} {unit} {pair['direction']} ({span(near, far, scale)})"
    ends = pair["assumptions_q05_q95"]
    mixed = ends is not None and ends[0] < 0 < ends[1]
    return f"{what}: {size}{'; of either sign across assumptions' if mixed else ''}"


class Seen(NamedTuple):
    """What the commands said, by name."""

    said: Mapping[str, Json]

    def row(self, outcome: str) -> Json:
        """An outcome of the flagship as it is."""
        found: Json = self.said["flagship"]["points"][0]["outcomes"][outcome]
        return found

    def pairs(self, command: str, outcome: str) -> list[Json]:
        """The differences of a comparison in an outcome."""
        return [pair for pair in self.said[command]["pairs"] if pair["outcome"] == outcome]

    def differences(self, command: str, outcome: str, what: str) -> Lines:
        """A line for each point compared with the reference."""
        for pair in self.pairs(command, outcome):
            yield f"- {what}, {difference(pair, '{first} against {second}'.format_map(pair))}."

    def answered(self, command: str) -> Lines:
        """What an analysis answered, and what would change it."""
        said = self.said[command]
        yield said["answer"]
        yield from (f"- {line}" for line in said["would_change"])


def told(pairs: list[Json], direction: str) -> bool:
    """Whether every difference is told, and of this direction."""
    return bool(pairs) and all(pair["direction"] == direction for pair in pairs)


# ---- the twelve claims -----------------------------------------------------------------------------------------------


def surprise(seen: Seen) -> Lines:
    """Claim 1."""
    pairs = seen.pairs("surprise", "kursk.territory_km2@2024-08-27")
    both = "Both made the difference" if told(pairs, "lower") else "Not each of them is told to have made a difference"
    yield f"**{both}** to the land that Ukraine held three weeks in:"
    yield from seen.differences("surprise", "kursk.territory_km2@2024-08-27", "held on 27 August")


def aim(seen: Seen) -> Lines:
    """Claim 2."""
    yield from seen.answered("dilemma")


def both_at_once(seen: Seen) -> Lines:
    """Claim 3."""
    yield f"Both are reached by 11 November {chance(seen.row(BOTH[0]))}; by 31 January {chance(seen.row(BOTH[1]))}."
    yield f"- The main offensive is kept by 31 January {chance(seen.row('main_offensive_kept.winter'))}."
    yield f"- Land regained by 31 January, of 906 km²: {share(seen.row('regained_share.winter'))}."


def measured(seen: Seen) -> Lines:
    """Claim 4."""
    back = seen.row("regained_share")
    low, high = back["assumptions_q05"], back["assumptions_q95"]
    side = "reaches" if low >= 0.5 else "stays below" if high < 0.5 else "spans"
    yield f"Regained by 11 November, of 906 km²: {share(back)}. Across assumptions that {side} *about half*."
    yield f"- Russia's answer is triggered after {amount(seen.row('russia.expel.day'), 'days')}."
    diverted = amount(seen.row("russia.people_diverted"), "people")
    yield f"- Sent to Kursk though allowed in the east, by the end: {diverted}."
    for name, what in ((TWO[0], "land held on 11 November"), (EAST[0], "gain in the east by 11 November")):
        yield from seen.differences("response", name, what)


def gathered(seen: Seen) -> Lines:
    """Claim 5."""
    yield f"Russians in Kursk on 14 September: {amount(seen.row('kursk.russia.people@2024-09-14'), 'people')}."
    yield f"- On 11 November: {amount(seen.row('kursk.russia.people@2024-11-11'), 'people')}."
    change = seen.row("kursk.territory_km2@2024-11-11..2025-01-31")
    yield f"- From then to 31 January the land held changes by {amount(change, 'km²')}."


def allies(seen: Seen) -> Lines:
    """Claim 6."""
    pairs = [pair for pair in seen.pairs("inflow", BOTH[1]) if "none" in (pair["first"], pair["second"])]
    helped = any(pair["direction"] is not None for pair in pairs)
    yield f"**{'They raise' if helped else 'They are not told to raise'}** the chance of reaching both by 31 January:"
    for name, what in (
        (BOTH[0], "both by 11 November"),
        (BOTH[1], "both by 31 January"),
        (TWO[1], "land held on 31 January"),
        (EAST[1], "gain in the east by 31 January"),
        ("ukraine.casualties", "Ukrainian casualties by the end"),
    ):
        yield from seen.differences("inflow", name, what)
    yield ""
    yield from seen.answered("threshold")


def steady(seen: Seen) -> Lines:
    """Claim 7."""
    gains = [seen.row(name) for name in MONTHS.values()]
    always = all(row["luck_q05"] > 0 and row["assumptions_q05"] > 0 for row in gains)
    which = "every" if always else "not every"
    yield f"Russia gains ground in the east in **{which}** month, by luck and by assumptions:"
    for month, row in zip(MONTHS, gains, strict=True):
        yield f"- {month}: {amount(row, 'km²')}."


def west(seen: Seen) -> Lines:
    """Claim 8."""
    pairs = [pair for name in (BOTH[1], TWO[1], EAST[1]) for pair in seen.pairs("aid", name)]
    what = "something" if any(pair["direction"] for pair in pairs) else "nothing that is told"
    yield f"More or less aid would have changed **{what}**:"
    for name, what in ((TWO[1], "land held on 31 January"), (EAST[1], "gain in the east"), (BOTH[1], "both")):
        yield from seen.differences("aid", name, what)


def chip(seen: Seen) -> Lines:
    """Claim 9."""
    yield f"At talks Ukraine holds {amount(seen.row('talks.territory_km2'), 'km²')} in Kursk."
    yield f"- Trend over the 30 days before: {amount(seen.row('talks.trend'), 'km² a day')}."
    yield f"- Ukrainian casualties there for each km² held: {amount(seen.row('talks.cost_per_km2'), 'people')}."
    for name, what in (
        ("talks.territory_km2", "held at talks"),
        ("talks.cost_per_km2", "casualties per km²"),
        (EAST[1], "Russian gain in the east by 31 January"),
    ):
        yield from seen.differences("kursk", name, what)


def capability(seen: Seen) -> Lines:
    """Claim 10."""
    yield "**Not tested.** Whether allies were impressed is not in the model; it can say what an answer would bring:"
    for name, what in ((TWO[1], "land held on 31 January"), (EAST[1], "gain in the east")):
        for pair in seen.pairs("aid", name):
            if "reacting" in (pair["first"], pair["second"]):
                yield f"- {what}, {difference(pair, 'reacting against minimal')}."


def lasting(seen: Seen) -> Lines:
    """Claim 11."""
    yield f"Held on 11 November: {amount(seen.row(TWO[0]), 'km²')}; on 31 January: {amount(seen.row(TWO[1]), 'km²')}."
    for day, name in LATER.items():
        yield f"- On {day}: {amount(seen.row(name), 'km²')}."
    yield from seen.differences("kursk", LATER["30 April"], "held on 30 April")


def embarrassed(seen: Seen) -> Lines:
    """Claim 12."""
    yield f"Displaced in Russia by the end: {amount(seen.row('russia.people_displaced'), 'people')}."
    yield f"- Own ground held by the other side: {amount(seen.row('russia.political_cost_km2_days'), 'km²-days')}."
    yield "- Embarrassment is not in the model; km²-days are the nearest that it has."


ANSWERS = {
    each.__name__: each
    for each in (
        *(surprise, aim, both_at_once, measured, gathered, allies),
        *(steady, west, chip, capability, lasting, embarrassed),
    )
}


# ---- the page --------------------------------------------------------------------------------------------------------


HEAD = """\
# The article's twelve claims

The article is *Ukraine Faces Mounting Pressure as Russia Eyes Dual Front Success*, ICARO Media Group, November 2024.
Its claims are in our words. What is tested is whether they hold *in the model*, on public figures up to 11 November.

`make findings` runs every command below and writes this page; results stand in `results/findings/`. Three kinds of
spread stand apart: *numerical* (more runs shrink it), *luck* (the world's), *assumptions* (ours). Differences are
paired on the same draws and luck, with simultaneous 95 % intervals; where one includes zero no direction is told.
"""
SHOULD = """\
## And what should each side do?

Not a claim of the article, but the question behind it: what should Ukraine choose, if Russia sees it and answers?
"""
DRIVES = "## What drives the land held in Kursk on 31 January\n"


class Claim(NamedTuple):
    """A claim of the article: what tests it, which function answers it, what drives that, how it could be wrong."""

    claim: str
    commands: list[str]
    answer: str
    drives: str
    wrong: str


def read() -> tuple[dict[str, str], list[Claim]]:
    """The commands and the claims."""
    found = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return found["commands"], [Claim(**each) for each in found["claims"]]


def section(number: int, claim: Claim, commands: Mapping[str, str], answer: Lines) -> Lines:
    """A claim with its test, its answer, what drives it, and how it could be wrong."""
    yield from (f"## {number}. {claim.claim}", "")
    yield from (f"    {commands[name]}" for name in claim.commands)
    yield from ("", *answer, "")
    yield from (f"*What drives it.* {claim.drives}", "")
    yield from (f"*How it could be wrong.* {claim.wrong}", "")


def page(seen: Seen) -> Lines:
    """The whole page."""
    commands, claims = read()
    yield HEAD
    for number, claim in enumerate(claims, 1):
        yield from section(number, claim, commands, ANSWERS[claim.answer](seen))
    for title, name in ((SHOULD, "game"), (DRIVES, "sensitivity")):
        yield from (title, f"    {commands[name]}", "", *seen.answered(name), "")
    yield from (f"- {line}" for line in seen.said["sensitivity"]["drives"])
    yield from ("", f"Model {seen.said['flagship']['model_version']}, seed 0.")


def run(name: str, command: str) -> Json:
    """What a command says; progress goes to the terminal."""
    out = RESULTS / name
    sys.stderr.write(f"{command} --out {out}\n")
    _, *words = shlex.split(command)
    argv = [sys.executable, "-m", "sim.cli.main", *words, "--json", "--out", str(out)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{name}: exit code {done.returncode}; the same call goes on from there")
    said: Json = json.loads(done.stdout)
    return said


def fixed() -> Lines:
    """The lines of the page that no run changes."""
    commands, claims = read()
    for number, claim in enumerate(claims, 1):
        yield from section(number, claim, commands, iter(()))


def stale() -> list[str]:
    """The claims, commands and remarks of findings.yaml that the page lacks."""
    there = set(PAGE.read_text(encoding="utf-8").splitlines())
    return [line for line in fixed() if line not in there]


def main(arguments: list[str]) -> int:
    """Write the page, or check that it has the claims and commands of findings.yaml."""
    if arguments == ["--check"]:
        sys.stderr.writelines(f"docs/findings.md lacks: {line}\n" for line in stale())
        return 1 if stale() else 0
    commands, _ = read()
    seen = Seen({name: run(name, command) for name, command in commands.items()})
    PAGE.write_text("\n".join(page(seen)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
