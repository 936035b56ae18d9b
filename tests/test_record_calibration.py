"""The page of validity: what its writer makes of results, and that its generated parts are there."""

import csv
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIVE = ("q05", "q25", "q50", "q75", "q95")


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record_calibration", ROOT / "docs" / "record_calibration.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        made = csv.DictWriter(file, rows[0])
        made.writeheader()
        made.writerows(rows)


def result(folder: Path, kind: str, numbers: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"kind": kind}))
    answer = {"answer": "So.", "spreads": {"numerical": "n"}, "caveats": ["lag of a map: 1"], "numbers": numbers}
    (folder / "answer.json").write_text(json.dumps(answer))
    return folder


def calibrated(folder: Path, median: float) -> Path:
    result(folder, "calibrate", {"conflicts": [], "effective_forecasts": 900.0})
    ends = {f"{n}_{q}": k for n in ("prior", "posterior") for k, q in enumerate(FIVE)}
    names = (("combat.ground", "True", 0.5), ("luck.memory", "False", 0.1))
    table(folder, "parameters", [{"path": p, "identified": i, "contraction": c, **ends} for p, i, c in names])
    claim = {"claimant": "Staff", "kind": "losses", "prior_median": 1.2, "prior_log_sd": 0.13}
    table(folder, "claims", [{**claim, "posterior_median": 1.3, "posterior_log_sd": 0.1}])
    ahead = {"quantity": "kursk.territory_km2", "since": "", "date": "2024-12-31"}
    table(folder, "forecast", [{**ahead, **dict(zip(FIVE, (1, 2, median, 4, 5), strict=True))}])
    return folder


def backtested(folder: Path) -> Path:
    shares = {f"in_{n}{end}": 0.5 for n in (50, 90) for end in ("", "_low", "_high")}
    overall = {**shares, "mean_pit": 0.5}
    numbers = {"until": "2024-10-01", "known": 3, "scored": 2, "effective_runs": 750.0, "overall": overall}
    result(folder, "backtest", numbers)
    skills = {"skill_persistence": 0.25, "skill_trend": -0.5, "skill_dressed": ""}
    table(folder, "series", [{"quantity": "a.territory_km2", "figures": 2.0, "crps": 12.3, **skills, **shares}])
    return folder


def test_parts_are_written_from_results(writer: ModuleType, tmp_path: Path) -> None:
    folders = [
        calibrated(tmp_path / "a", 3_000.0),
        calibrated(tmp_path / "b", 7.0),
        backtested(tmp_path / "c"),
    ]
    page = "\n".join(
        f"{writer.MARK.format(name)}\nold\n{writer.MARK.format(f'end of {name}')}"
        for name in ("calibration", "backtest", "forecast")
    )
    text = writer.written(page, folders)
    assert "old" not in text
    assert "| `combat.ground` | 0 to 4 | 0 to 4 | 50 % |" in text
    assert "**not identified** by these figures: `luck.memory`." in text
    assert "| 2024-10-01 | a.territory_km2 | 2 | 12.3 | +0.25 | -0.50 |  | 50 % | 50 % |" in text
    assert "| kursk.territory_km2 | 2024-12-31 | 1 | 2 | 3,000 | 4 | 5 | 7 (1 to 5) |" in text
    assert writer.written(text, folders) == text


def test_the_page_has_its_parts_and_says_that_the_last_origin_was_opened_once() -> None:
    page = (ROOT / "docs" / "validity.md").read_text()
    for name in ("calibration", "backtest", "forecast"):
        begin, _, rest = page.partition(f"<!-- {name}: written by docs/record_calibration.py -->")
        assert begin
        assert len(rest.partition(f"<!-- end of {name}: ")[0]) > 500, name
    assert "15 October was scored once" in page
    for origin in ("2024-09-15", "2024-10-01", "2024-10-15"):
        assert f"| {origin} | kursk.territory_km2 |" in page
