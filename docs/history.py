"""Write what docs/validity.md and docs/verify.md say of battles of the past: a table and two figures in docs/gallery.

Run `python docs/history.py FILE`, FILE being battles in the layout of CDB90 (`twofront verify --help` says where they
are). Some seconds. Iwo Jima's figure needs no file.
"""

import io
import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sim.analysis.verify_laws import LANDED, US, engel
from sim.cli.main import twofront
from sim.experiment.trial import Trial, simulate
from sim.plotting.page import DARK, Frame, key, page, panel, plain, quiet, write
from sim.plotting.style import BLUE, BODY, GREY, INK, save

HERE = Path(__file__).parent
GALLERY = HERE / "gallery"
MARK = "<!-- {}: written by docs/history.py -->"
RUNS, DAYS, LAST = 200, 35, 28
DOTS = (0, (1, 2))

Values = NDArray[np.float64]
Numbers = dict[str, Any]

# People of the US on the island: a student report's coarse read-offs of the historical curve, to 500 people or worse
# (GitHub pose/ss2009, tp1_iwojima); the last is the end value of another transcription (antononcube/SystemModeling).
READ_OFFS = ((7, 66_000), (9, 62_000), (12, 58_500), (24, 54_000), (35, 51_300))


def history_table(numbers: Numbers) -> list[str]:
    """The model's numbers beside history's."""
    lines = ["| the model's number | model | history | 95 %, campaigns resampled | verdict |", "|---|---|---|---|---|"]
    for each in numbers["defaults"]:
        seen = each["history"]
        verdict = "**contradicted**" if each["contradicted"] else "within"
        interval = f"{seen['low']:.2f} to {seen['high']:.2f}"
        lines.append(f"| {each['name']} | {each['model']:.3g} | {seen['value']:.2f} | {interval} | {verdict} |")
    return lines


def scores_table(numbers: Numbers) -> list[str]:
    """Who wins and what it costs, foreseen."""
    lines = ["| who wins, foreseen by | Brier score | against the constant | log score |", "|---|---|---|---|"]
    for each in numbers["wins"]:
        brier, log_score = each["brier"], each["log_score"]["score"]
        lines += [f"| {each['name']} | {brier['score']:.3f} | {gap(brier)} | {log_score:.3f} |"]
    lines += ["", "| ln loss ratio, foreseen by | RMSE | squared error against the constant |", "|---|---|---|"]
    lines += [f"| {each['name']} | {each['rmse']:.2f} | {gap(each['squared_error'])} |" for each in numbers["losses"]]
    lines += ["", "| loss ratios within the model's 90 % band | share | 95 % |", "|---|---|---|"]
    for name, each in numbers["coverage_of_90"].items():
        lines.append(f"| {name} | {each['share']:.2f} | {each['low']:.2f} to {each['high']:.2f} |")
    return lines


def variants_table(numbers: Numbers) -> list[str]:
    """The fits on some of the battles."""
    lines = ["| battles | number | a | b | slope of ln loss ratio |", "|---|---|---|---|---|"]
    for each in numbers["variants"]:
        parts = (f"{each[name]['value']:.2f} ± {each[name]['error']:.2f}" for name in ("a", "b", "loss"))
        lines.append(f"| {each['name']} | {each['battles']} | {' | '.join(parts)} |")
    return lines


def gap(score: Numbers) -> str:
    """A difference with its interval."""
    if score["difference"] == score["low"] == score["high"] == 0:
        return ""
    said = f"{score['difference']:+.3f} ({score['low']:+.3f} to {score['high']:+.3f})"
    return said.replace("-", "\N{MINUS SIGN}")


def counts(numbers: Numbers) -> list[str]:
    """What was read and what was left out."""
    read = numbers["battles"]
    out = "; ".join(f"{each['battles']} {each['reason']}" for each in read["left_out"])
    return [
        f"{read['read']} battles read, {read['with_winner']} of {read['campaigns']} campaigns with a winner, "
        f"{read['with_losses']} with losses of both sides. Left out: {out}."
    ]


def examined(path: Path) -> Numbers:
    """Run the command, keep its figure in the gallery, and return its numbers."""
    with tempfile.TemporaryDirectory() as name:
        with redirect_stdout(io.StringIO()):
            twofront.main(["verify", "--history", str(path), "--out", name, "--quiet"], standalone_mode=False)
        (GALLERY / "history.png").write_bytes((Path(name) / "history.png").read_bytes())
        found: Numbers = json.loads((Path(name) / "history.json").read_text(encoding="utf-8"))
        return found


def replaced(text: str, name: str, lines: list[str]) -> str:
    """The page with its generated part renewed."""
    begin, end = MARK.format(name), MARK.format(f"end of {name}")
    before, found, rest = text.partition(begin)
    assert found, begin
    return before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.partition(end)[2]


class Island(NamedTuple):
    """Iwo Jima by day: people of the US and losses of Japan, float[3, day] of runs (5, 50, 95 %), float[day] of Engel.

    Engel's equations end when the garrison is nearly gone: not-a-number from day 29 on.
    """

    us: Values
    japan: Values
    us_exact: Values
    japan_exact: Values


def island() -> Island:
    """Run the scenario, and solve Engel's equations."""
    days = tuple(range(DAYS + 1))
    names = ("us.casualties", "japan.casualties")
    series = simulate(Trial("iwo_jima_1945", 0, RUNS, names, days)).series
    landed = np.array([US + sum(people for when, people in LANDED if when <= day) for day in days])
    exact = np.array([engel(day).loss if 0 < day <= LAST else (np.nan, np.nan) for day in days])
    lost, killed = (np.quantile(series[name], (0.05, 0.5, 0.95), axis=0) for name in names)
    return Island(landed - lost[::-1], killed, landed - exact[:, 0], exact[:, 1])


def island_table(found: Island) -> list[str]:
    """The runs beside Engel's equations and what was read off his figure."""
    read = dict(READ_OFFS)
    heads = ("day", "US people: read off", "equations", "runs (90 %)", "Japanese losses: equations", "runs (90 %)")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|"]
    for day in sorted({*read, 10, 20, LAST}):
        seen = f"{read[day]:,}" if day in read else ""
        exact = [
            f"{value[day]:,.0f}" if np.isfinite(value[day]) else "" for value in (found.us_exact, found.japan_exact)
        ]
        runs = [f"{mid:,.0f} ({low:,.0f} to {high:,.0f})" for low, mid, high in (found.us[:, day], found.japan[:, day])]
        lines.append(f"| {day} | {seen} | {exact[0]} | {runs[0]} | {exact[1]} | {runs[1]} |")
    return lines


def island_figure(found: Island) -> Figure:
    """People of the US: the scenario's runs, Engel's equations, and what was read off his figure."""
    far = max(abs(found.us[1, day] / people - 1) for day, people in READ_OFFS)
    frame = Frame(
        f"The model gives Engel's curve; the record as read off lies within {100 * far:.0f} %",
        "US people on Iwo Jima, 19 February to 26 March 1945",
        f"twofront, scenarios/iwo_jima_1945.yaml, {RUNS} runs, seed 0",
        ("read-offs: coarse, to 500 people or worse", f"equations to day {LAST}, when the garrison is nearly gone"),
    )
    days = np.arange(DAYS + 1)
    with page(frame) as figure:
        axes = panel(figure, 1.3, 1.3, 11.4, 4.5)
        axes.fill_between(days, found.us[0], found.us[2], color=BLUE, alpha=DARK, linewidth=0, zorder=3)
        axes.plot(days, found.us[1], color=BLUE, zorder=4)
        axes.plot(days, found.us_exact, color=INK, linestyle=DOTS, zorder=5)
        axes.plot(*zip(*READ_OFFS, strict=True), color=GREY, marker="s", markersize=8, linestyle="", zorder=6)
        axes.set_xlim(0, DAYS + 0.5)
        axes.set_ylim(45_000, 75_000)
        axes.yaxis.set_major_formatter(plain)
        quiet(axes)
        write(figure, 7.0, 0.72, "day", ha="center", fontsize=BODY)
        marks = [
            Line2D([], [], color=BLUE, label="runs, median"),
            Patch(facecolor=BLUE, alpha=DARK, label="90 % of runs (luck)"),
            Line2D([], [], color=INK, linestyle=DOTS, label="Engel's equations"),
            Line2D([], [], color=GREY, marker="s", markersize=8, linestyle="", label="read off the record's curve"),
        ]
        key(figure, marks)
    return figure


def renew(page_name: str, name: str, lines: list[str]) -> None:
    """Renew the generated part of a page."""
    target = HERE / page_name
    target.write_text(replaced(target.read_text(encoding="utf-8"), name, lines), encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Write all that is asked for."""
    found = island()
    save(island_figure(found), GALLERY, "iwo_jima", ("png",))
    renew("verify.md", "iwo jima", island_table(found))
    if arguments:
        numbers = examined(Path(arguments[0]))
        parts = [counts(numbers), history_table(numbers), scores_table(numbers), variants_table(numbers)]
        renew("validity.md", "history", [line for part in parts for line in (*part, "")][:-1])


if __name__ == "__main__":
    main(sys.argv[1:])
