"""Files of figures that a user gives as CSV, read so that what is wrong is said and nothing hangs."""

from __future__ import annotations

import csv
from pathlib import Path

from sim.errors import InputError

Lines = tuple[list[str], list[tuple[int, list[str]]]]


def read_lines(path: Path, largest: int, of: str) -> Lines:
    """Return the header and the lines that are not empty, with their numbers; none of either of an empty file.

    largest : bytes that are read at most; of : what the file is of ('battles'). Raises InputError.
    """
    try:
        _refuse_unreadable(path, largest, of)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except OSError as error:
        raise InputError.single(str(path), "", f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError.single(str(path), "", f"is not a CSV file in UTF-8: {error}") from error
    full = [(number, cells) for number, cells in lines if any(cells)]
    return (full[0][1], full[1:]) if full else ([], [])


def _refuse_unreadable(path: Path, largest: int, of: str) -> None:
    """Refuse what is too large and, as it might never end, what is no plain file."""
    if path.stat().st_size > largest:
        raise InputError.single(str(path), "", f"is larger than {largest:,} bytes")
    if not path.is_file():
        raise InputError.single(str(path), "", f"is no file; name a CSV file of {of}")
