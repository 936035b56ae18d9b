"""Parts on disk: whole or ignored, counted by identity, joined to the same bytes whatever they are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.experiment.blocks import Part, Span
from sim.experiment.parts import Layout, Parts, read_part, table_parts, write_part, write_stream
from sim.experiment.tables import read_parquet

NAMES = ("one", "two")
LAYOUT = Layout({"a": 0, "b": 1}, draws=1, replications=6)


def value(span: Span, names: tuple[str, ...] = NAMES) -> NDArray[np.float64]:
    """Numbers that tell every run and outcome apart."""
    start = 1000 * "abc".index(span.hash) + 100 * span.draw + span.first
    return np.array([[start + k + j / 10 for j in range(len(names))] for k in range(span.length)])


def part(*spans: Span, bad: tuple[int, ...] = (), names: tuple[str, ...] = NAMES) -> Part:
    values = np.concatenate([value(span, names) for span in spans])
    status = np.zeros(len(values), np.int64)
    status[list(bad)] = 4
    values[list(bad)] = np.nan
    return Part(spans, names, status, values, dict.fromkeys(bad, "too many events"))


def whole() -> list[Part]:
    return [part(Span(point, draw, 0, 6)) for point in "ab" for draw in (0, 1)]


def table(folder: Path, layout: Layout = LAYOUT) -> bytes:
    path = folder / "table.parquet"
    write_stream(path, Parts(folder, layout).windows(NAMES))
    return path.read_bytes()


def folder_with(folder: Path, parts: list[Part]) -> Path:
    (folder / "parts").mkdir(parents=True)
    for each in parts:
        write_part(folder / "parts", each)
    return folder


def test_a_part_reads_back_as_it_was_written(tmp_path: Path) -> None:
    given = part(Span("a", 0, 0, 4), Span("b", 1, 2, 2), bad=(1,))
    found = read_part(write_part(tmp_path, given))
    assert found is not None
    assert (found.spans, found.outcomes, found.reasons) == (given.spans, NAMES, {1: "too many events"})
    np.testing.assert_array_equal(found.values, given.values)
    np.testing.assert_array_equal(found.status, given.status)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]


def test_every_torn_or_changed_part_is_seen(tmp_path: Path) -> None:
    path = write_part(tmp_path, part(Span("a", 0, 0, 4)))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert read_part(path) is None
    for at in (0, 30, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[at] ^= 1
        path.write_bytes(bytes(changed))
        assert read_part(path) is None


def test_a_torn_part_is_ignored_and_its_runs_count_as_missing(tmp_path: Path) -> None:
    folder_with(tmp_path, whole())
    torn = write_part(tmp_path / "parts", part(Span("b", 0, 0, 6)))
    torn.write_bytes(torn.read_bytes()[:-40])
    (tmp_path / "parts" / ".x.part.part").write_bytes(b"half")
    found = Parts(tmp_path, LAYOUT)
    assert np.flatnonzero(~found.done).tolist() == list(range(12, 18))
    assert found.torn == [torn]
    assert not list((tmp_path / "parts").glob(".*"))


def test_the_table_has_the_same_bytes_whatever_the_parts_are(tmp_path: Path) -> None:
    blocks = [Span(point, draw, first, 2) for point in "ba" for draw in (1, 0) for first in (4, 0, 2)]
    first = table(folder_with(tmp_path / "whole", whole()))
    assert table(folder_with(tmp_path / "small", [part(span) for span in blocks])) == first
    assert table(folder_with(tmp_path / "mixed", [part(*blocks[:7]), part(*blocks[7:])])) == first
    twice = [*whole(), part(Span("a", 0, 2, 2), Span("b", 1, 0, 4))]
    assert table(folder_with(tmp_path / "twice", twice)) == first
    rows = read_parquet(tmp_path / "whole" / "table.parquet")
    assert list(rows) == ["point", "draw", "replication", "status", "one", "two"]
    assert rows["point"].tolist() == [0] * 12 + [1] * 12
    assert rows["draw"].tolist() == ([0] * 6 + [1] * 6) * 2
    assert rows["replication"].tolist() == list(range(6)) * 4
    assert rows["one"].tolist() == [1000.0 * p + 100 * d + r for p in (0, 1) for d in (0, 1) for r in range(6)]


def test_the_table_is_right_across_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [Span(point, draw, first, 2) for point in "ba" for draw in (1, 0) for first in (4, 0, 2)]
    folder_with(tmp_path, [part(*blocks[:5]), part(*blocks[5:])])
    expected = {name: column.tolist() for name, column in _columns(Parts(tmp_path, LAYOUT)).items()}
    monkeypatch.setattr("sim.experiment.parts._WINDOW", 5)
    monkeypatch.setattr("sim.experiment.parts._OPEN", 1)
    assert {name: column.tolist() for name, column in _columns(Parts(tmp_path, LAYOUT)).items()} == expected


def _columns(parts: Parts) -> dict[str, NDArray[np.float64]]:
    windows = list(parts.windows(NAMES))
    return {name: np.concatenate([window[name] for window in windows]) for name in windows[0]}


def test_parts_stay_good_when_a_design_grows(tmp_path: Path) -> None:
    folder_with(tmp_path, whole())
    grown = Layout({"c": 0, "b": 1, "a": 2}, draws=2, replications=8)
    found = Parts(tmp_path, grown)
    missing = [place for place in range(grown.runs) if not found.done[place]]
    assert len(missing) == grown.runs - 24
    rows = _columns(found)
    done = rows["status"] == 0
    assert set(rows["point"][done].tolist()) == {1, 2}
    assert rows["replication"][done].max() == 5
    assert rows["one"][(rows["point"] == 2) & (rows["draw"] == 1) & (rows["replication"] == 3)].tolist() == [103.0]


def test_a_last_run_without_neighbour_is_run_again_when_replications_grow(tmp_path: Path) -> None:
    folder_with(tmp_path, [part(Span("a", 0, 0, 5))])
    odd, even = Layout({"a": 0}, 0, 5), Layout({"a": 0}, 0, 8)
    assert Parts(tmp_path, odd).done.tolist() == [True] * 5
    assert Parts(tmp_path, even).done.tolist() == [True] * 4 + [False] * 4


def test_failed_runs_are_counted_and_retried_with_their_neighbours(tmp_path: Path) -> None:
    folder_with(tmp_path, [part(Span("a", 0, 0, 6), bad=(3,)), *whole()[1:]])
    found = Parts(tmp_path, LAYOUT)
    assert found.done.all()
    assert [tuple(each) for each in found.failures(10)] == [(0, 0, 3, "too many events")]
    again = Parts(tmp_path, LAYOUT, retry=True)
    assert np.flatnonzero(~again.done).tolist() == [2, 3]
    again.add(part(Span("a", 0, 2, 2)))
    assert (again.failed, again.done.all()) == (0, True)
    assert Parts(tmp_path, LAYOUT).failed == 0
    mended = table(tmp_path)
    assert mended == table(folder_with(tmp_path / "never", whole()))


def test_a_finished_table_becomes_parts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiment.parts._IMPORTED", 6)
    source = folder_with(tmp_path / "first", [part(Span("a", 0, 0, 6), bad=(3,)), *whole()[1:]])
    before = table(source)
    parts = list(table_parts(source / "table.parquet", ["a", "b"], 6, {(0, 0, 3): "too many events"}))
    assert len(parts) == 4
    again = folder_with(tmp_path / "again", parts)
    assert table(again) == before
    assert Parts(again, LAYOUT).failures(9) == Parts(source, LAYOUT).failures(9)


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    def windows() -> Iterator[dict[str, NDArray[np.int64]]]:
        yield {"a": np.arange(3)}
        raise KeyboardInterrupt("pressed")

    with pytest.raises(KeyboardInterrupt, match="pressed"):
        write_stream(tmp_path / "table.parquet", windows())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", [3, pytest.param(400, marks=pytest.mark.slow)])
def test_a_table_of_many_windows_has_every_row_in_order_and_leaves_nothing_beside(tmp_path: Path, columns: int) -> None:
    def windows() -> Iterator[dict[str, NDArray[np.float64]]]:
        for first in range(0, 20_000, 8_192):
            yield {f"c{k}": np.arange(first, min(first + 8_192, 20_000)) + k / 1_000 for k in range(columns)}

    write_stream(tmp_path / "table.parquet", windows())
    assert [path.name for path in tmp_path.iterdir()] == ["table.parquet"]
    found = read_parquet(tmp_path / "table.parquet")
    assert list(found) == [f"c{k}" for k in range(columns)]
    np.testing.assert_array_equal(found["c2"], np.arange(20_000) + 0.002)


def test_points_of_the_same_scenario_share_their_runs(tmp_path: Path) -> None:
    """Options may come to the same: no incursion leaves it open how many allies would have come."""
    layout = Layout({"a": 0, "b": 1}, draws=1, replications=6, again=(("a", 2),))
    (tmp_path / "parts").mkdir()
    for each in whole():
        write_part(tmp_path / "parts", each)
    parts = Parts(tmp_path, layout)
    assert parts.done.all()
    assert layout.repeated.tolist() == [False] * 24 + [True] * 12
    table(tmp_path, layout)
    columns = read_parquet(tmp_path / "table.parquet")
    assert columns["point"].tolist() == [0] * 12 + [1] * 12 + [2] * 12
    np.testing.assert_array_equal(columns["one"][24:], columns["one"][:12])
