"""Write what calibration and backtests said into docs/validity.md, and the forecast's figure into docs/gallery.

Run `python docs/record_calibration.py results/A results/B ...`: the folder of the `calibrate` that is shipped, that of
another whose forecast stands beside it, and those of any number of `backtest`, in the order of their dates.
"""

import csv
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MARK = "<!-- {}: written by docs/record_calibration.py -->"
Rows = list[dict[str, str]]


def rows_of(folder: Path, table: str) -> Rows:
    """The rows of a table of a result."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def answer_of(folder: Path) -> dict[str, Any]:
    """The answer of a result."""
    found: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return found


def kind_of(folder: Path) -> str:
    """Which analysis a result is of."""
    return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["kind"])


def said(text: str, digits: int = 3) -> str:
    """A number for a table."""
    value = float(text) if text else float("nan")
    return "" if value != value else f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.{digits}g}"


def when(row: dict[str, str]) -> str:
    """The date or the period of a row."""
    return f"{row['since']} to {row['date']}" if row["since"] else row["date"]


def span(row: dict[str, str], name: str = "", ends: tuple[str, str] = ("q05", "q95")) -> str:
    """Two quantiles of a row."""
    return " to ".join(said(row[f"{name}{end}"]) for end in ends)


def calibration(folder: Path) -> list[str]:
    """What the figures say of the assumptions, and what they do not match."""
    answer, parameters = answer_of(folder), rows_of(folder, "parameters")
    known = sorted((r for r in parameters if r["identified"] == "True"), key=lambda row: -float(row["contraction"]))
    unknown = ", ".join(f"`{row['path']}`" for row in parameters if row["identified"] != "True")
    lines = [answer["answer"], "", f"*Numerical:* {answer['spreads']['numerical']}.", ""]
    lines += ["| assumption (identified) | 90 % before | 90 % after | variance lost |", "|---|---|---|---|"]
    for row in known:
        share = f"{100 * float(row['contraction']):.0f} %"
        lines.append(f"| `{row['path']}` | {span(row, 'prior_')} | {span(row, 'posterior_')} | {share} |")
    lines += ["", f"Influential, and **not identified** by these figures: {unknown or 'none'}.", ""]
    lines += ["| claim over truth | median before (log sd) | median after (log sd) |", "|---|---|---|"]
    for row in rows_of(folder, "claims"):
        both = [f"{float(row[f'{n}_median']):.2f} ({float(row[f'{n}_log_sd']):.2f})" for n in ("prior", "posterior")]
        lines.append(f"| {row['claimant']}, {row['kind']} | {both[0]} | {both[1]} |")
    lines += [
        "",
        *[f"- {line[0].upper()}{line[1:]}." for line in answer["caveats"] if line.startswith(("lag", "check"))],
    ]
    conflicts = answer["numbers"]["conflicts"]
    lines += ["", "Figures beyond 2 sd of what runs under the posterior say:", ""]
    return lines + [f"- {line}" for line in conflicts or ["none"]]


def backtests(folders: list[Path]) -> list[str]:
    """The scores of each origin."""
    lines = [
        "| origin | series | figures | CRPS | skill: persistence | trend | dressed | in 50 % | in 90 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for folder in folders:
        until = answer_of(folder)["numbers"]["until"]
        for row in rows_of(folder, "series"):
            skills = [f"{float(row[f'skill_{k}']):+.2f}" if row[f"skill_{k}"] else "" for k in KINDS]
            inside = [f"{100 * float(row[f'in_{share}']):.0f} %" for share in (50, 90)]
            cells = [until, row["quantity"], f"{float(row['figures']):.0f}", said(row["crps"]), *skills, *inside]
            lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *[line for folder in folders for line in overall(folder)]]


SHOWN = ("kursk.territory_km2", "east.territory_km2", "kursk.russia.people", "russia.casualties")  # the figure has all
KINDS = ("persistence", "trend", "dressed")


def overall(folder: Path) -> list[str]:
    """A line on all figures of an origin."""
    answer = answer_of(folder)
    found = answer["numbers"]["overall"]
    share = {
        name: f"{100 * found[name]:.0f} % ({100 * found[f'{name}_low']:.0f} to {100 * found[f'{name}_high']:.0f})"
        for name in ("in_50", "in_90")
    }
    numbers = answer["numbers"]
    return [
        f"- **{numbers['until']}**: {numbers['known']} figures fitted, {numbers['scored']} scored; in the 50 % bands "
        f"{share['in_50']}, in the 90 % bands {share['in_90']}; mean PIT {found['mean_pit']:.2f}; "
        f"{numbers['effective_runs']:,.0f} effective runs."
    ]


def forecast(folder: Path, beside: Path) -> list[str]:
    """The forecast past all figures, and the medians and bands of another beside it."""
    other = {(row["quantity"], when(row)): row for row in rows_of(beside, "forecast")}
    lines = [
        "| series | when | 5 % | 25 % | median | 75 % | 95 % | flagship's mechanisms: median (5 to 95 %) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in (row for row in rows_of(folder, "forecast") if row["quantity"] in SHOWN):
        values = [said(row[name]) for name in ("q05", "q25", "q50", "q75", "q95")]
        found = other.get((row["quantity"], when(row)))
        second = f"{said(found['q50'])} ({span(found)})" if found else ""
        lines.append(f"| {row['quantity']} | {when(row)} | {' | '.join(values)} | {second} |")
    runs = [answer_of(each)["numbers"]["effective_forecasts"] for each in (folder, beside)]
    return [*lines, "", f"{runs[0]:,.0f} and {runs[1]:,.0f} effective runs."]


def written(text: str, folders: list[Path]) -> str:
    """The page with all generated parts renewed."""
    spec = importlib.util.spec_from_file_location("record", HERE / "record.py")
    assert spec
    assert spec.loader
    record = importlib.util.module_from_spec(spec)
    sys.modules["record"] = record
    spec.loader.exec_module(record)
    record.MARK = MARK
    shipped, beside = (each for each in folders if kind_of(each) == "calibrate")
    parts = {
        "calibration": calibration(shipped),
        "backtest": backtests([each for each in folders if kind_of(each) == "backtest"]),
        "forecast": forecast(shipped, beside),
    }
    for name, lines in parts.items():
        text = record.replaced(text, name, lines)
    return str(text)


if __name__ == "__main__":
    PAGE, FOLDERS = HERE / "validity.md", [Path(argument) for argument in sys.argv[1:]]
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), FOLDERS), encoding="utf-8")
    shutil.copy(FOLDERS[0] / "figure_forecast.png", HERE / "gallery" / "forecast.png")
    shutil.copy(FOLDERS[0] / "figure_matched.png", HERE / "gallery" / "calibration.png")
    shutil.copy(FOLDERS[0] / "figure_assumptions.png", HERE / "gallery" / "assumptions.png")
