"""Structural alternatives: search the constant that each is rescaled by, and write docs/structural.md from a result.

python docs/structural.py --search            the constant of each file in scenarios/structural
python docs/structural.py RESULT              docs/structural.md from `twofront discover FLAGSHIP --structures ...`
"""

import sys
from pathlib import Path

import numpy as np

from sim.experiment.variant import variant
from sim.scenario.load import load

HERE = Path(__file__).parent
FLAGSHIP = HERE.parent / "scenarios" / "kursk_2024.yaml"
ALTERNATIVES = sorted((HERE.parent / "scenarios" / "structural").glob("*.yaml"))
CONSTANT, GAIN, KURSK = "combat.ground", "east.territory_km2@2024-11-11", "kursk.territory_km2@2024-11-11"
RECORD = 1494.0  # km2: 332 + 397 + 503 + 262 (DeepState; docs/validity.md)
REPLICATIONS, STEPS, NEAR = 200, 12, 0.02


def medians(file: Path, constant: float | None = None) -> tuple[float, float]:
    """Median gain in the east from 6 August to 11 November, and median area in Kursk then, at central assumptions."""
    numbers = {} if constant is None else {CONSTANT: constant}
    case = variant(load(file), 0).case(numbers, 0, names=[GAIN, KURSK])
    found = case.measure(case.main.simulate(0, np.arange(REPLICATIONS, dtype=np.uint64)), None)
    return float(np.median(found[GAIN])), float(np.median(found[KURSK]))


def search(file: Path) -> tuple[float, float, float]:
    """Bisect the logarithm of the constant, from a tenth to ten times the flagship's; return it with both medians."""
    low, high = np.log(0.0209), np.log(2.09)
    for _ in range(STEPS):
        middle = (low + high) / 2
        gain, area = medians(file, float(np.exp(middle)))
        if abs(gain / RECORD - 1) < NEAR:
            break
        low, high = (middle, high) if gain < RECORD else (low, middle)
    return float(np.exp(middle)), gain, area


def main() -> None:
    """Search, or write the page."""
    if sys.argv[1:] == ["--search"]:
        sys.stdout.write(f"flagship: gain {medians(FLAGSHIP)[0]:,.0f}, Kursk {medians(FLAGSHIP)[1]:,.0f}\n")
        for file in ALTERNATIVES:
            constant, gain, area = search(file)
            sys.stdout.write(f"{file.stem}: {CONSTANT} {constant:.4g}: gain {gain:,.0f}, Kursk {area:,.0f}\n")
            sys.stdout.flush()
    else:
        (HERE / "structural.md").write_text(page(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
