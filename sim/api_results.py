"""Results as Python sees them: frames, the printed tables as frames, figures. The interface's own room is `sim.api`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from sim.errors import InputError, SimError
from sim.experiment.read_result import POINTS, REPLICATIONS, SERIES, Result, read_result
from sim.experiment.tables import read_parquet

if TYPE_CHECKING:
    import pandas
    import polars
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from sim.analysis.compare import Comparison, Pair
    from sim.analysis.stats import Row
    from sim.report.briefing import Briefing

Columns = Mapping[str, "NDArray[Any]"]
_SHOWN_DPI = 80  # of a figure in a notebook
_NOT_SHOWN = ("point", "hash", "variant")  # columns of the table of points that frames leave out


class Detail(TypedDict, total=False):
    """What a figure shows, as the options of `twofront plot` have it.

    outcomes : names; side : one side; start, end : first and last day; at : day of a map; as dates or '2024-08-06'.
    save : a file (png, svg or pdf) to which the figure is written, too.
    """

    outcomes: Sequence[str]
    side: str
    start: date | str
    end: date | str
    at: date | str
    save: str | Path


class Wanted(TypedDict, total=False):
    """What a briefing should be, as the options of `twofront report` have it.

    to : 'html', 'pdf', 'pptx' or some of them (default: all); title (default: the scenario's); marking : of handling.
    out : folder (default: briefing/ in the only result's, else a new one in `results/`).
    """

    to: str | Sequence[str]
    title: str
    marking: str
    out: str | Path


class Kept:
    """A result folder: what `run`, `sweep` and `compare` have in common."""

    def __init__(self, folder: str | Path) -> None:
        """Open a result folder; raise InputError where it holds none, or a damaged one."""
        self._result: Result = read_result(Path(folder))

    def __repr__(self) -> str:
        failed = f"; {self.failed:,} runs failed" if self.failed else ""
        return f"<{self._result.kind} '{self._result.title}'; {self._result.provenance}{failed}; {self.folder}>"

    @property
    def folder(self) -> Path:
        """Return the folder; its tables are Parquet files that DuckDB and others read."""
        return self._result.folder

    @property
    def id(self) -> str:
        """Return the result's id, 8 hexadecimal digits, as in the footers of its figures."""
        return self._result.id

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Return what manifest.json says: command, scenario, seed, versions, failures, hashes of files."""
        return self._result.manifest

    @property
    def failed(self) -> int:
        """Return how many runs failed; `manifest["failures"]` says which and why."""
        return int(self.manifest["runs"]["failed"])

    def frame(self) -> pandas.DataFrame:
        """Return a row for each run, sorted by point, draw and replication.

        Columns: `point` (0 for a plain run), of a sweep or a comparison `label` and the factors, `draw` (0 has the
        central assumptions), `replication`, `status` (0 = done), and the outcomes as docs/outcomes.md has them, each in
        its unit; missing where an outcome does not apply or the run failed.
        """
        return _pandas(self._runs())

    def polars(self) -> polars.DataFrame:
        """Return the rows of `frame` for polars, with null for what is missing."""
        return _polars(self._runs())

    def plot(self, kind: str | None = None, **detail: Unpack[Detail]) -> Figure:
        """Return a figure (None: the first kind that suits); see `plot`."""
        return plot([self], kind, **detail)

    def _runs(self) -> Columns:
        """Return the columns of `frame`."""
        runs = read_parquet(self._result.checked(REPLICATIONS))
        point = runs.pop("point", np.zeros(len(runs["draw"]), np.int64))
        return {"point": point, **self._beside(point), **runs}

    def _beside(self, point: NDArray[np.int64]) -> Columns:
        """Return label and factors of each run; nothing for a plain run."""
        if not self._result.has(POINTS):
            return {}
        table = read_parquet(self._result.checked(POINTS))
        row = np.searchsorted(table["point"], point)
        return {name: column[row] for name, column in table.items() if name not in _NOT_SHOWN}


class Run(Kept):
    """The result of a run: one scenario, many replications."""

    def series_frame(self) -> pandas.DataFrame:
        """Return a row for each daily series and day: `day` (0 = first), `date`, `name`, `unit`, mean and quantiles."""
        return _pandas(self._daily())

    def series_polars(self) -> polars.DataFrame:
        """Return the rows of `series_frame` for polars."""
        return _polars(self._daily())

    def summary(self, every: bool = False) -> pandas.DataFrame:
        """Return the table that `twofront run` prints, a row for each outcome; with `every` all outcomes (`--all`).

        Columns: section, outcome, unit, runs, mean, its numerical 95 % interval (mean_low, mean_high), luck (5, 50,
        95 % of the runs at central assumptions), assumptions (5, 95 % of the means of draws), not_reached (share of
        runs in which a day is not reached; such a day has no mean, and a quantile of it may be infinite).
        """
        from sim.cli.run_table import sections
        from sim.experiment.study import study

        ready = study(self._result.loaded, self._result.seed)
        parts = sections(self._rows(), [ready.labels], every)
        return _table({"section": title, **_row(row)} for title, rows in parts for row in rows)

    def _rows(self) -> list[Row]:
        from sim.analysis.stats import Crossing, summarise
        from sim.experiment.plan import CENSORED
        from sim.experiment.study import study

        ready, (point,) = study(self._result.loaded, self._result.seed), self._result.points
        known = [outcome for outcome in ready.outcomes if outcome.name in point.outcomes]
        return summarise(point.outcomes, Crossing(point.draw, point.replication), known, ready.ratios, CENSORED)

    def _daily(self) -> Columns:
        return read_parquet(self._result.checked(SERIES))


class Sweep(Kept):
    """The result of a sweep: one scenario at many points."""

    def summary(self) -> pandas.DataFrame:
        """Return a row for each point and outcome: factors, unit, mean with its standard error, luck, assumptions."""
        return _pandas(read_parquet(self._result.checked("summary.parquet")))


class Compared(Kept):
    """The result of a comparison: several scenarios on the same draws of the assumptions and the same luck."""

    def summary(self) -> pandas.DataFrame:
        """Return a row for each point and compared outcome, with the columns of `Run.summary`."""
        rows = self._comparison.rows
        return _table({"label": label, **_row(row)} for label in rows for row in rows[label])

    def differences(self) -> pandas.DataFrame:
        """Return a row for each outcome and pair of points: `first` less `second`.

        Columns: difference with its simultaneous 95 % interval (low, high: numerical precision), direction ('higher',
        'lower', or missing where the interval includes zero), the probability that the first is higher or lower run by
        run (same luck, and luck of another replication), the spread that luck (5, 50, 95 %) and assumptions (5, 95 %)
        give the difference.
        """
        return _table(_pair(pair) for pair in self._comparison.pairs)

    @cached_property
    def _comparison(self) -> Comparison:
        from sim.cli.compare_run import reopened

        found = reopened(self._result)
        if found is None:
            message = "too few points have a run that ended well; nothing can be compared"
            raise InputError.single("", "", f"{self.folder}: {message}")
        return found


_CLASSES: Mapping[str, type[Run | Sweep | Compared]] = {"run": Run, "sweep": Sweep, "compare": Compared}


def open_result(folder: str | Path) -> Run | Sweep | Compared:
    """Return the result in a folder, of the class that suits its kind; raise InputError where there is none."""
    return _CLASSES[read_result(Path(folder)).kind](folder)


def plot(results: Sequence[Kept], kind: str | None = None, **detail: Unpack[Detail]) -> Figure:
    """Return a figure of one or more results, as `twofront plot` draws it.

    kind : fan, heatmap, timeline, sankey, map (of a run), dots, differences (of several results, the first as
    reference, or of a comparison), response, surface (of a sweep); None: the first that suits.
    detail : see `Detail`. A kind that makes a figure for each side needs `side`.
    """
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import KINDS, suitable
    from sim.scenario.wording import suggestion

    unknown = set(detail) - Detail.__annotations__.keys()
    if unknown:
        raise TypeError(
            f"plot() got an unexpected argument '{min(unknown)}'{suggestion(min(unknown), Detail.__annotations__)}"
        )
    read = tuple(each._result for each in results)
    if not read:
        raise InputError.single("", "", "name at least one result to plot")
    kind = suitable(read)[0] if kind is None else kind
    if kind not in KINDS:
        raise InputError.single("kind", "", f"no kind '{kind}'{suggestion(kind, KINDS)}")
    names = detail.get("outcomes", ())
    outcomes = (names,) if isinstance(names, str) else tuple(names)
    start, end, at = (_day(name, detail.get(name)) for name in ("start", "end", "at"))
    figures = KINDS[kind](Asked(read, outcomes, detail.get("side"), start, end, at, _tell))
    if len(figures) > 1:
        raise InputError.single(
            "side", "", f"'{kind}' makes {len(figures)} figures ({', '.join(figures)}); name a side"
        )
    (figure,) = figures.values()
    if "save" in detail:
        _save(figure, Path(detail["save"]))
    return _shown(figure)


def brief(results: Sequence[Kept | str | Path], **wanted: Unpack[Wanted]) -> Briefing:
    """Write a briefing on results, as `twofront report` does, and return it: `answer`, `files`, `folder`, `story`.

    results : results of this interface, or folders of any kind that the command takes (analyses too).
    wanted : see `Wanted`.
    """
    from sim.report import briefing
    from sim.report.save import FORMS
    from sim.scenario.wording import suggestion

    for name in wanted:
        if name not in Wanted.__annotations__:
            raise TypeError(f"brief() got an unexpected argument '{name}'{suggestion(name, Wanted.__annotations__)}")
    folders = [each.folder if isinstance(each, Kept) else Path(each) for each in results]
    if not folders:
        raise InputError.single("", "", "name at least one result to report on")
    to, out = wanted.get("to", FORMS), wanted.get("out")
    forms = (to,) if isinstance(to, str) else tuple(to)
    asked = briefing.Wanted(forms, wanted.get("title"), wanted.get("marking", ""), None if out is None else Path(out))
    return briefing.brief(folders, asked, lambda _: None)


def _tell(text: str) -> None:
    """Say on stderr what takes a while."""
    sys.stderr.write(f"{text}\n")


def _day(name: str, given: Any) -> date | None:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError as error:
        raise InputError.single(name, "", f"'{given}' is no date; write it as 2024-08-06") from error


def _save(figure: Figure, path: Path) -> None:
    from sim.cli.plot import FORMATS
    from sim.plotting.style import save

    form = path.suffix.removeprefix(".")
    if form not in FORMATS:
        raise InputError.single("save", "", f"{path}: no format '{form}'; allowed: {', '.join(FORMATS)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(figure, path.parent, path.stem, (form,))
    except OSError as error:
        raise InputError.single("save", "", f"{path}: cannot be written: {error.strerror or error}") from error


def _shown(figure: Figure) -> Figure:
    """Let notebooks show a figure: IPython asks for this method, and knows only figures of pyplot by itself."""
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: Figure) -> bytes:
    from sim.plotting.style import house_style

    content = io.BytesIO()
    with house_style():
        figure.savefig(content, format="png", dpi=_SHOWN_DPI)
    return content.getvalue()


def _row(row: Row) -> dict[str, Any]:
    """Return a row of a table of outcomes."""
    return {
        "outcome": row.name,
        "unit": row.unit,
        "runs": row.runs,
        "mean": row.mean,
        **_spread(("mean_low", "mean_high"), row.mean_ci95),
        **_spread(("luck_q05", "luck_q50", "luck_q95"), row.luck),
        **_spread(("assumptions_q05", "assumptions_q95"), row.assumptions),
        "not_reached": row.censored_share,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    """Return a row of a table of differences."""
    return {
        "outcome": pair.outcome,
        "unit": pair.unit,
        "first": pair.first,
        "second": pair.second,
        "runs": pair.runs,
        "difference": pair.estimate,
        **_spread(("low", "high"), pair.interval),
        "direction": pair.direction,
        "higher_same_luck": pair.paired.higher.value,
        "lower_same_luck": pair.paired.lower.value,
        "higher_other_luck": pair.independent.higher.value,
        "lower_other_luck": pair.independent.lower.value,
        **_spread(("luck_q05", "luck_q50", "luck_q95"), pair.spread.luck),
        **_spread(("assumptions_q05", "assumptions_q95"), pair.spread.assumptions),
    }


def _spread(names: Sequence[str], values: Sequence[float] | None) -> dict[str, float | None]:
    return dict.fromkeys(names) if values is None else dict(zip(names, values, strict=True))


def _table(rows: Iterator[dict[str, Any]]) -> pandas.DataFrame:
    """Return rows as a frame in which numbers are numbers, also where the first is missing."""
    frame = _library("pandas").DataFrame(list(rows))
    texts = ("section", "label", "outcome", "unit", "first", "second", "direction")
    return frame.astype({name: float for name in frame.columns if name not in (*texts, "runs")})


def _pandas(columns: Columns) -> pandas.DataFrame:
    return _library("pandas").DataFrame(dict(columns))


def _polars(columns: Columns) -> polars.DataFrame:
    library = _library("polars")
    made = [library.Series(name, values, nan_to_null=True) for name, values in columns.items()]
    frame: polars.DataFrame = library.DataFrame(made)
    return frame


def _library(name: str) -> Any:
    """Return pandas or polars, neither of which twofront needs itself."""
    try:
        return import_module(name)
    except ImportError as error:
        message = f"frames of {name} need {name}, which is not installed: `pip install {name}`"
        raise SimError(f"{message}; or read the Parquet files with DuckDB, which is") from error
