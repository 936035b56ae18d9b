"""Battles of the past: a CSV file, a line a battle, in the layout of CDB90 or in a reduced one.

Public home: GitHub repository jrnold/CDB90, file src-data/CDB90/CDB90-patched.csv (US Army Concepts Analysis Agency's
data base of battles, public domain; the repository's additions ODC-BY). Its `data/*.csv` are not read: they lost the
minus signs, so that lost battles have no result there. All problems of a file are reported at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import InputError, Problem
from sim.scenario.csv_file import read_lines
from sim.scenario.wording import suggestion

HOME = "github.com/jrnold/CDB90, file src-data/CDB90/CDB90-patched.csv"
PUBLIC = {
    "name": "NAME",
    "campaign": "CAMPGN",
    "year": "ATPBYR1",
    "attackers": "STRA",
    "defenders": "STRD",
    "attacker_losses": "CASA",
    "defender_losses": "CASD",
    "result": "WINA",
    "posture": "POST1",
    "surprise": "SURPA",
    "strength_kind": "CODEA",
}
REDUCED = {
    "name": "name",
    "campaign": "campaign",
    "year": "year",
    "attackers": "att_strength",
    "defenders": "def_strength",
    "attacker_losses": "att_casualties",
    "defender_losses": "def_casualties",
    "result": "wina",
    "posture": "def_posture1",
    "surprise": "surprise_att",
    "strength_kind": "att_strength_code",
}
CORRECTED_CAMPAIGN = "CAMPAGN"  # a column of the public file: its patch of Golan's battles went astray into it
LARGEST_BYTES = 5_000_000
MOST_PROBLEMS = 20
POSTURES = ("HD", "PD", "FD", "DL", "WD")
_TEXTS = ("name", "campaign", "posture")
_NOTHING = ("", "NA", "?")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_MISSING, _JUDGED = (-1.0,), (-99.0, -9.0, 9.0, 99.0)
_UNKNOWN = {
    "year": (-1.0, 9999.0),
    "attackers": _MISSING,
    "defenders": _MISSING,
    "attacker_losses": _MISSING,
    "defender_losses": _MISSING,
    "strength_kind": _MISSING,
    "result": _JUDGED,
    "surprise": _JUDGED,
}  # codes that stand for "not known"


@dataclass(frozen=True)
class Battle:
    """A battle as the file has it; not-a-number where the file says nothing.

    attackers, defenders : people engaged. attacker_losses, defender_losses : battle casualties, people.
    result : 1 the attacker won, 0 a draw, -1 the defender won.
    posture : of the defender: HD hasty, PD prepared, FD fortified defence, DL delay, WD withdrawal, '' not said.
    surprise : -3 (complete, by the defender) to 3 (complete, by the attacker).
    strength_kind : what the attackers' number is: 1 initial, 2 a daily average, 3 all who were engaged.
    """

    name: str
    campaign: str
    year: float
    attackers: float
    defenders: float
    attacker_losses: float
    defender_losses: float
    result: float
    posture: str
    surprise: float
    strength_kind: float
    line: int


def read(path: Path) -> tuple[Battle, ...]:
    """Return the battles of a file, in its order; raise InputError with every problem found."""
    header, rows = read_lines(path, LARGEST_BYTES, "battles")
    if not header:
        raise InputError.single(str(path), "", f"is empty; battles in the layout of CDB90 are at {HOME}")
    columns = _layout(path, header)
    if not rows:
        raise InputError.single(str(path), "", "holds no battles: a header, then a line for each")
    problems: list[Problem] = []
    found: list[Battle] = []
    for line, cells in rows:
        wrong = list(_wrong_row(f"{path}:{line}", header, cells, columns))
        problems += wrong
        if not wrong:
            found.append(_battle(dict(zip(header, cells, strict=True)), columns, line))
    if problems:
        raise InputError(_shortened(path, problems))
    return tuple(found)


def _shortened(path: Path, problems: list[Problem]) -> list[Problem]:
    if len(problems) <= MOST_PROBLEMS:
        return problems
    more = Problem(str(path), "", f"and {len(problems) - MOST_PROBLEMS} more problems of this kind")
    return [*problems[:MOST_PROBLEMS], more]


def _layout(path: Path, header: Sequence[str]) -> dict[str, str]:
    """Return the columns by field, of the layout that the header is nearer to."""
    where = f"{path}:1"
    layout = max((PUBLIC, REDUCED), key=lambda each: len(set(each.values()) & set(header)))
    if not set(layout.values()) & set(header):
        message = f"has none of the columns of a file of battles ({', '.join(PUBLIC.values())}); they are at {HOME}"
        raise InputError.single(where, "", message)
    needed = list(layout.values())
    problems = [
        Problem(where, "", f"column '{name}' is missing{_near(name, header)}") for name in needed if name not in header
    ]
    problems += [Problem(where, "", f"column '{name}' stands twice") for name in needed if header.count(name) > 1]
    if problems:
        raise InputError(problems)
    return layout


def _near(name: str, header: Sequence[str]) -> str:
    """Return which column of the file may have been meant by a name."""
    found = suggestion(name, header)
    return found.replace("did you mean", "is it") if found else ""


def _wrong_row(
    where: str, header: Sequence[str], cells: Sequence[str], columns: Mapping[str, str]
) -> Iterator[Problem]:
    if len(cells) != len(header):
        yield Problem(where, "", f"has {len(cells)} cells, the header {len(header)} (quote text that holds a comma)")
        return
    row = dict(zip(header, cells, strict=True))
    if not row[columns["campaign"]]:
        yield Problem(where, columns["campaign"], "is empty; battles of one campaign are counted together")
    for field, name in columns.items():
        message = _wrong_cell(field, row[name])
        if message:
            yield Problem(where, name, f"'{row[name]}' {message}")


def _wrong_cell(field: str, text: str) -> str:
    """Return what is wrong with a cell, '' where nothing is."""
    if field in _TEXTS:
        return ""
    value = _number(text)
    if value is None:
        return "is no number"
    if math.isnan(value) or value in _UNKNOWN[field]:
        return ""
    if field == "result":
        return (
            "" if value in (-1, 0, 1) else "is no result; allowed: 1 attacker won, 0 draw, -1 defender won, or nothing"
        )
    if field == "surprise":
        return "" if abs(value) <= 3 else "is no degree of surprise; allowed: -3 to 3, or nothing"
    return "" if value >= 0 else "is below 0; allowed: 0 or more, and -1 or nothing where it is not known"


def _number(text: str) -> float | None:
    """Return a cell's number, not-a-number for an empty one, None for what is none."""
    if text in _NOTHING:
        return math.nan
    try:
        value = float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _known(field: str, text: str) -> float:
    """Return a cell's number; not-a-number for a code of what is not known."""
    value = _number(text)
    return math.nan if value is None or value in _UNKNOWN[field] else value


def _battle(row: Mapping[str, str], columns: Mapping[str, str], line: int) -> Battle:
    cells = {field: row[name] for field, name in columns.items()}
    return Battle(
        name=cells["name"],
        campaign=row.get(CORRECTED_CAMPAIGN) or cells["campaign"],
        posture=cells["posture"] if cells["posture"] in POSTURES else "",
        line=line,
        **{field: _known(field, text) for field, text in cells.items() if field not in _TEXTS},
    )
