"""Write the generated references: docs/parameters.md from the schema and docs/outcomes.md from the model.

Run `python docs/generate.py`; `python docs/generate.py --check` exits with 1 when a page is out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.model.outcomes import outcome_list
from sim.model.tally import Labels, series_names
from sim.scenario.fields import is_model, members
from sim.scenario.lower import Aims
from sim.scenario.schema import Scenario
from sim.scenario.values import Measured

HERE = Path(__file__).parent
Row = tuple[str, str, str, str, str]


def measured(info: FieldInfo) -> Measured | None:
    """The unit and range of a field, if it is a quantity."""
    found = [item for item in info.metadata if isinstance(item, Measured)]
    inside = [part for part in get_args(info.annotation) if get_origin(part) is Annotated]
    found += [item for part in inside for item in get_args(part)[1:] if isinstance(item, Measured)]
    return found[0] if found else None


def rows(model: type[BaseModel], prefix: str, above: tuple[Any, ...] = ()) -> Iterator[Row]:
    """A row for each field below a model: path, unit, range, default, what it means or where it comes from."""
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        unit = measured(info)
        if unit:
            yield path, unit.unit, f"{unit.low:g} to {unit.high:g}", default_of(info), about(info)
            continue
        yield from nested(path, info, (*above, model))


def nested(path: str, info: FieldInfo, above: tuple[Any, ...]) -> Iterator[Row]:
    """Rows of a field that holds text, a date, models, or a mapping of them by name."""
    kinds = members(info.annotation)
    maps = [kind for kind in kinds if get_origin(kind) is dict]
    below = [kind for kind in kinds if is_model(kind)]
    for kind in maps:
        path, value = f"{path}.NAME", get_args(kind)[1]
        while get_origin(value) is dict:
            path, value = f"{path}.NAME", get_args(value)[1]
        below += [member for member in members(value) if is_model(member)]
        kinds = kinds if below else members(value)
        unit = measured(FieldInfo.from_annotation(value))
        if unit and not below:
            yield path, unit.unit, f"{unit.low:g} to {unit.high:g}", "", "a number by name"
            return
    for kind in below:
        if kind not in above:
            label = kind.__name__ if len(below) > 1 else ""
            yield f"{path}{f' ({label})' if label else ''}", "", "", "", (kind.__doc__ or "").strip().split("\n")[0]
            yield from rows(kind, f"{path}.", above)
    if not below:
        yield path, "", allowed(kinds), default_of(info), about(info)


def allowed(kinds: list[Any]) -> str:
    """What a field that is no quantity admits."""
    names = []
    for kind in kinds:
        literal = [str(value) for value in get_args(kind)] if "Literal" in str(get_origin(kind)) else []
        names.append(" or ".join(literal) or getattr(kind, "__name__", str(kind)))
    return ", ".join(names).replace("date", "a date")


def default_of(info: FieldInfo) -> str:
    """The default as text."""
    if info.is_required():
        return "required"
    value = info.default
    if isinstance(value, dict) and "value" in value:
        return str(value["value"])
    return "" if value is None or value in ({}, []) or info.default_factory else str(value)


def about(info: FieldInfo) -> str:
    """What a field means, and the source of its default."""
    value = info.default if isinstance(info.default, dict) else {}
    return "; ".join(text.replace("\n", " ").strip() for text in (info.description, value.get("source")) if text)


def table(head: tuple[str, ...], body: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in body]
    return "\n".join(lines) + "\n"


def parameters() -> str:
    """docs/parameters.md."""
    head = (
        "# Every field of a scenario file\n\n"
        "Generated from `sim/scenario/schema.py` (`python docs/generate.py`). NAME stands for a name of yours.\n\n"
    )
    return head + table(
        ("path", "unit", "allowed", "default", "meaning; source of the default"), list(rows(Scenario, ""))
    )


def outcomes() -> str:
    """docs/outcomes.md, with the names of two sides A and B, theatres `main` and `second`, one front each."""
    labels = Labels(
        ("A", "B"), ("main", "second"), ("front1", "front2"), (0, 1), (("army",), ("army",)), (("policy",), ())
    )
    aims = Aims(0, 1, 0, 1, True, (("first", 1), ("later", 2)), 1.0, 0.5, 0.8, 1.0, 1.0, 1.0)
    head = (
        "# Outcomes and series\n\n"
        "Generated from `sim/model` (`python docs/generate.py`) for sides A and B, theatres `main` and `second` with "
        "one front each, and assessments `first` and `later` (the first has no suffix).\n\n"
        "## Outcomes: a column each in `replications.parquet`\n\n"
    )
    names = [(f"`{o.name}`", o.unit, o.meaning) for o in outcome_list(aims, labels)]
    series = [(f"`{o.name}`", o.unit, o.meaning) for o in series_names(labels)]
    columns = ("name", "unit", "meaning")
    return head + table(columns, names) + "\n## Series: daily, in `series.parquet`\n\n" + table(columns, series)


PAGES = {"parameters.md": parameters, "outcomes.md": outcomes}


def main() -> int:
    """Write the pages, or with --check compare them."""
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if "--check" in sys.argv:
            stale += [name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    for name in stale:
        sys.stderr.write(f"docs/{name} is out of date: run python docs/generate.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
