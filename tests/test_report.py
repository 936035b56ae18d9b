"""Briefings from stories and answers written by hand: the rules of the text, the forms, what is refused."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sim.analysis import paired
from sim.analysis.compare import Pair
from sim.analysis.stats import Mean, Row
from sim.cli import main as cli
from sim.errors import InputError
from sim.experiment.store import FORMAT, file_hashes
from sim.report import sentences
from sim.report.answer_file import ANSWER
from sim.report.assumptions import ranged, said
from sim.report.numbers import csv_bytes
from sim.report.page import css_text, page
from sim.report.slide_parts import column_widths, scale, table_pages
from sim.report.slides import side_by_side, slides
from sim.report.sources import read_sources
from sim.report.standing import without_places
from sim.report.story import Answer, Chart, Line, Picture, Section, Story, Table
from sim.report.svg import _plain
from sim.report.zipped import fixed
from sim.scenario.distributions import Distribution
from sim.scenario.values import Quantity

NASTY = "<script>alert(1)</script> & \"quotes\" 'too' ]]> </style>"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0f01f0005050201"
    "5fc8f1d20000000049454e44ae426082"
)


def row(mean: float, unit: str = "probability", **more: Any) -> Row:
    given = {"mean_ci95": None, "quantiles": None, "luck": None, "assumptions": None, **more}
    return Row("x", unit, "", 1_000, mean, **given)


def pair(interval: tuple[float, float] | None, unit: str = "probability", spread: Any = None) -> Pair:
    estimate = None if interval is None else sum(interval) / 2
    chance = paired.Chance(Mean(None, None), Mean(None, None))
    pairing = paired.Pairing(None, None, None)
    return Pair(
        "x", unit, "1", "0", 10, estimate, interval, 0.0, paired.Spread(None, spread), chance, chance, pairing, False
    )


# ---- text by rule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "unit", "expected"),
    [
        ((-0.05, 0.03), "probability", "no difference is told (−5 to 3 percentage points)"),
        ((0.0, 0.4), "probability", "no difference is told (0 to 40 percentage points)"),
        ((-0.0003, 0.0077), "probability", "no difference is told (−0.03 to 0.77 percentage points)"),
        ((0.0, 0.0), "probability", "the same in every run"),
        (None, "km2", "not compared: it does not apply in one of them"),
        ((0.6, 0.9), "probability", "75 percentage points higher (60 to 90)"),
        ((-300.0, -100.0), "km2", "200 km² lower (100 to 300)"),
        ((-34_000.0, -21_000.0), "people", "28,000 people lower (21,000 to 34,000)"),
    ],
)
def test_a_direction_is_stated_only_where_the_interval_leaves_zero_out(
    interval: tuple[float, float] | None, unit: str, expected: str
):
    found = sentences.difference(pair(interval, unit, (0.1, 0.2)))
    assert found == expected
    within = interval is None or interval[0] <= 0 <= interval[1]
    assert within != any(word in found for word in ("higher", "lower"))


def test_a_difference_says_where_assumptions_turn_its_sign_and_where_they_were_not_varied():
    assert "of either sign, −10 to 90 percentage points" in sentences.difference(pair((0.6, 0.9), spread=(-0.1, 0.9)))
    assert sentences.difference(pair((0.6, 0.9))).endswith("; assumptions were not varied")
    assert "sign" not in sentences.difference(pair((0.6, 0.9), spread=(0.2, 0.9)))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.64, 0.999, 1.0])
@pytest.mark.parametrize("spread", [None, (0.22, 0.91)])
def test_no_probability_stands_without_its_range_across_assumptions(share: float, spread: Any):
    found = sentences.stated(row(share, assumptions=spread), "it happens", "A")
    assert ("22 to 91 % across assumptions" if spread else "assumptions were not varied") in found
    assert f"in {sentences.percent(share)} of runs under A" in found


@pytest.mark.parametrize(
    ("value", "width", "expected"),
    [
        (48_118.0, 9_000.0, "48,000"),
        (48_118.0, 0.0, "48,100"),
        (3_127.4, 100.0, "3,130"),
        (-257_310.0, 40_000.0, "−260,000"),
        (312.4, 3.0, "312"),
        (0.2, 0.0, "0"),
        (-0.4, 0.0, "0"),
        (float("nan"), 0.0, "–"),
    ],
)
def test_people_are_whole_and_no_finer_than_their_interval(value: float, width: float, expected: str):
    assert sentences.people(value, width) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.004, "under 1 %"), (0.996, "over 99 %"), (0.114, "11 %"), (float("nan"), "–")],
)
def test_shares_near_an_end_are_not_rounded_to_it(share: float, expected: str):
    assert sentences.percent(share) == expected


def test_lists_say_how_many_they_leave_out():
    assert sentences.listed(["a"]) == "a"
    assert sentences.listed(["a", "b"]) == "a and b"
    assert sentences.listed(["a", "b", "c", "d", "e"], 2) == "a, b and 3 more"
    assert sentences.listed([]) == ""


def test_a_sentence_begins_with_a_capital_but_a_name_stays_as_it_is():
    assert sentences.capital("is what it is") == "Is what it is"
    assert sentences.capital("kursk.people: half") == "kursk.people: half"


def test_luck_of_a_probability_is_its_share_at_central_assumptions():
    assert "30 % of 1,000 runs" in sentences.luck(row(0.5), row(0.3))
    assert "90 % of runs give 470 to 1,600 km²" in sentences.luck(
        row(900.0, "km2", luck=(470.0, 800.0, 1600.0)), row(1.0)
    )


# ---- assumptions and provenance -------------------------------------------------------------------------------------


def test_ranges_are_written_with_ends_unit_and_centre():
    triangle = Quantity(9.0, "days", Distribution("triangular", (6.5, 9.0, 12.0)))
    assert ranged(triangle) == "6.5 to 12 days, central 9"
    assert ranged(Quantity(11_000.0, "people")) == "11,000 people"
    normal = Quantity(1.0, "1", Distribution("normal", (1.0, 0.1)))
    assert ranged(normal) == "0.836 to 1.16 (90 %), central 1"
    assert said("sides.russia.recruits.per_month") == "russia · recruits · per month"


def test_options_that_change_no_number_are_left_out_of_the_command():
    command = "twofront compare a.yaml --choices x.y=a,b --out '/home/me/my folder' -n 40 --quiet --workers=2 --seed 1"
    assert without_places(command) == "twofront compare a.yaml --choices x.y=a,b -n 40 --seed 1"
    assert without_places("sim.compare({'a': sim.load('x')})") == "sim.compare({'a': sim.load('x')})"


# ---- the page -------------------------------------------------------------------------------------------------------


def story(**more: Any) -> Story:
    """Return a story in which every text is nasty."""
    answer = Answer(*(f"{NASTY} {name}" for name in ("question", "sentence", "numerical", "luck", "assumptions", "id")))
    bars = Chart(
        "bars", NASTY, "% of runs", "about", ("a <b>: 11", "b"), (Line("mean", (11.0, None), ((0.0, 29.0), None)),)
    )
    curve = Chart("curve", "t", "km²", "about", (0.0, 1.0), (Line("mean", (1.0, 2.0)),))
    pictures = (
        Picture("bars", NASTY, NASTY, NASTY, kept=PNG, raster=PNG, charts=(bars, curve), columns=(("x", [1.0, None]),)),
        Picture("kept", NASTY, NASTY, NASTY, kept=b"<svg onload='alert(1)'/>"),
    )
    table = Table(NASTY, ("a", "b"), tuple((f"{k} {NASTY}", "=1+1") for k in range(20)), "t", NASTY)
    sections = (
        Section("picture", "The picture", pictures=pictures),
        Section("change", "What would change the answer", points=(NASTY, NASTY, NASTY)),
        Section("drives", "What drives it", paragraphs=(NASTY,)),
        Section("further", "What else", tables=(table,)),
        Section("limits", "Limits", (NASTY,), (NASTY,), tables=(table,)),
    )
    return Story(
        **{"title": NASTY, "marking": NASTY, "answers": (answer, answer), "sections": sections, "footer": "f", **more}
    )


class Parsed(HTMLParser):
    """What a browser would see: elements with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("printed", [False, True])
def test_markup_in_results_is_text_on_the_page_and_nothing_runs_or_loads(printed: bool):
    parsed = Parsed(page(story(), {"bars": b"x\n1\n"}, printed))
    assert parsed.all("script") == []
    assert not any(name.startswith("on") for _, attributes in parsed.found for name in attributes)
    assert not any("style" in attributes for _, attributes in parsed.found)
    assert sum(NASTY in text for text in parsed.text) > 10
    links = [value for _, attributes in parsed.found for name in ("src", "href") if (value := attributes.get(name))]
    assert links
    assert all(value.startswith(("data:", "#")) for value in links)
    (policy,) = [each["content"] for each in parsed.all("meta") if each.get("http-equiv")]
    assert (policy or "").startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in (policy or "")


def test_the_policy_names_the_hash_of_the_style_sheet():
    import base64
    import hashlib

    text = page(story(), {})
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"sha256-{digest}" in text.replace("&#43;", "+")


def test_headings_come_in_order_and_every_picture_has_an_alternative():
    parsed = Parsed(page(story(), {}))
    levels = [int(tag[1]) for tag, _ in parsed.found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [each["alt"] for each in parsed.all("img")] == [NASTY, NASTY]
    assert all(each.get("scope") for each in parsed.all("th"))
    ids = [attributes["id"] for _, attributes in parsed.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_sections_come_in_the_order_of_the_story_after_question_and_answer():
    parsed = Parsed(page(story(), {}))
    keys = [each["id"] for each in parsed.all("h2")]
    assert keys == ["question", "answer", "picture", "change", "drives", "further", "limits", "numbers"]


def test_the_same_story_gives_the_same_page_and_a_long_table_is_folded_on_the_screen_only():
    assert page(story(), {}) == page(story(), {})
    assert "open" not in Parsed(page(story(), {})).all("details")[0]
    assert "open" in Parsed(page(story(), {}, printed=True)).all("details")[0]


def test_colours_of_text_on_the_page_can_be_read():
    from sim.plotting.style import READABLE, contrast

    sheet = (Path(__file__).resolve().parents[1] / "sim" / "report" / "page.css").read_text()
    colours = set(re.findall(r"[; {]color: (#[0-9a-f]{3,6})", sheet)) - {"#fff"}
    assert colours >= {"#222", "#5f5f5f", "#00538a"}
    full = [f"#{''.join(2 * each for each in colour[1:])}" if len(colour) == 4 else colour for colour in colours]
    assert all(contrast(colour, "#ffffff") >= READABLE for colour in full)


def test_a_marking_cannot_leave_the_style_sheet():
    assert css_text('A"} </style>') == "A\\22 \\7D \\20 \\3C \\2F style\\3E "
    text = page(story(marking='x"} body{display:none} </style><script>'), {}, printed=True)
    assert Parsed(text).all("script") == []
    assert "display:none" not in text.partition("</style>")[0]


@pytest.mark.parametrize("printed", [False, True])
def test_a_marked_page_is_marked_on_paper_too_whoever_prints_it(printed: bool):
    text = page(story(marking="EXERCISE"), {}, printed)
    assert '@top-center { content: "EXERCISE";' in text
    assert len([each for each in Parsed(text).all("p") if each.get("class") == "marking"]) == 2
    unmarked = page(story(marking=""), {}, printed)
    assert "@top-center" not in unmarked
    assert not [each for each in Parsed(unmarked).all("p") if each.get("class") == "marking"]


def test_styles_of_a_figure_become_attributes_of_its_elements():
    dropped = '<!-- a --><metadata>m</metadata><defs><style type="text/css">*{}</style></defs>'
    path = '<path style="fill: none; stroke: #fff"/>'
    drawn = f'<?xml?><!DOCTYPE svg>\n<svg viewBox="0 0 1 1">{dropped}{path}</svg>'
    assert _plain(drawn) == '<svg viewBox="0 0 1 1"><path fill="none" stroke="#fff"/></svg>'


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_numbers_are_written_with_six_digits_and_texts_are_no_formulas():
    columns = (("a", [1.23456789, None, float("nan")]), ("b,c", ["=1+1", "x", 'say "y"']))
    assert csv_bytes(columns).decode() == 'a,"b,c"\n1.23457,\'=1+1\n,x\n,"say ""y"""\n'


# ---- slides ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made() -> bytes:
    return slides(story(), {"bars": b"x\n1\n"})


@pytest.fixture(scope="module")
def deck(made: bytes) -> Any:
    from pptx import Presentation

    return Presentation(io.BytesIO(made))


def texts(slide: Any) -> list[str]:
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


def test_every_slide_has_a_headline_notes_with_a_source_and_the_marking_twice(deck: Any):
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text
        assert "Source: " in slide.notes_slide.notes_text_frame.text
        assert texts(slide).count(NASTY) >= 2


def test_without_a_marking_no_slide_has_one():
    from pptx import Presentation

    plain = Presentation(io.BytesIO(slides(replace(story(), marking=""), {})))
    assert "Limits" in [slide.shapes.title.text_frame.text for slide in plain.slides]
    shapes = [shape for slide in plain.slides for shape in slide.shapes if shape.has_text_frame]
    assert not [shape for shape in shapes if shape.top > 7.15 * 914_400]


def test_charts_and_tables_are_native_and_charts_are_described(deck: Any):
    shapes = [shape for slide in deck.slides for shape in slide.shapes]
    charts = [shape for shape in shapes if shape.has_chart]
    assert len(charts) == 2
    (bars,) = charts[0].chart.plots[0].series
    assert list(bars.values) == [None, 11.0]  # from the foot up
    assert list(charts[0].chart.plots[0].categories) == ["b", "a <b>: 11"]
    assert all(NASTY in shape._element.xpath(".//p:cNvPr")[0].get("descr") for shape in charts)
    assert [shape for shape in shapes if shape.has_table]
    assert charts[0].chart.part.chart_workbook.xlsx_part is not None


def test_numbers_stand_in_the_notes_of_their_slide(deck: Any):
    (slide,) = [each for each in deck.slides if any(shape.has_chart for shape in each.shapes)]
    assert "x\n1\n" in slide.notes_slide.notes_text_frame.text


def test_nothing_lies_beyond_the_edge_of_a_slide(deck: Any):
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height


def test_whiskers_reach_from_a_bar_to_the_ends_of_its_interval(deck: Any):
    chart = next(shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart)
    (bars,) = chart._chartSpace.xpath(".//c:errBars")
    space = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    ends = {name: [each.text for each in bars.find(space + name).iter(space + "v")] for name in ("plus", "minus")}
    assert ends == {"plus": ["0", "18"], "minus": ["0", "11"]}


def test_the_same_story_gives_the_same_bytes_whatever_the_time(made: bytes, monkeypatch: pytest.MonkeyPatch):
    import time

    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert slides(story(), {"bars": b"x\n1\n"}) == made
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert all(
            year == b"2000" for year in re.findall(rb"<dcterms:\w+[^>]*>(\d{4})", file.read("docProps/core.xml"))
        )


def test_a_fixed_zip_file_has_the_same_content():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a/b.xml", "content")
        file.writestr("docProps/core.xml", "<dcterms:created x='y'>2026-01-01</dcterms:created>")
    with zipfile.ZipFile(io.BytesIO(fixed(made.getvalue()))) as file:
        assert file.read("a/b.xml") == b"content"
        assert b"2000-01-01T00:00:00Z" in file.read("docProps/core.xml")


def test_axes_hold_everything_and_zero_with_ends_on_ticks():
    def chart(values: tuple[float, ...], ends: Any, unit: str) -> Chart:
        return Chart("bars", "t", unit, "", ("a",) * len(values), (Line("x", values, ends),))

    assert scale(chart((11.0,), ((0.0, 29.0),), "% of runs")) == (0.0, 100.0, 25.0)
    low, high, step = scale(chart((-548.0, 20.0), ((-653.0, -443.0), None), "km²"))
    assert (low, high, step) == (-800.0, 200.0, 200.0)
    assert scale(chart((0.0,), (None,), "km²"))[1] > 0


def test_long_tables_are_split_over_slides_and_narrow_ones_stand_side_by_side():
    table = Table("t", ("number", "value"), tuple((f"row {k}", str(k)) for k in range(25)))
    wide = side_by_side(table)
    assert wide.head == ("number", "value", "number", "value")
    assert wide.rows[0] == ("row 0", "0", "row 13", "13")
    assert wide.rows[-1] == ("row 12", "12", "", "")
    three = Table("t", ("a", "b", "c"), tuple((f"row {k}", "x", "a long text " * 9) for k in range(40)))
    pages = list(table_pages(three, 4.0, 12))
    assert len(pages) > 1
    assert [row for rows in pages for row in rows] == list(three.rows)
    assert sum(column_widths(three, 12.0, 12)) == pytest.approx(12.0)


# ---- results that are refused ---------------------------------------------------------------------------------------


def write_analysis(folder: Path, kind: str = "dilemma", **more: Any) -> Path:
    """Write an analysis by the contract of analyses."""
    folder.mkdir()
    said = {
        "kind": kind,
        "question": "Is there a dilemma?",
        "answer": f"There is one, by {folder.name}.",
        "spreads": {"numerical": "n", "luck": "l", "assumptions": "a"},
        "would_change": ["w1", "w2", "w3", "w4"],
        "drives": ["d1"],
        "caveats": ["c1"],
        "runs": {"made": 400, "reused": 100},
        "numbers": {},
    }
    (folder / ANSWER).write_text(json.dumps(said | more.pop("said", {})))
    (folder / "frontier.csv").write_text("a,b\n1,2\n")
    (folder / "figure.png").write_bytes(PNG)
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "id": f"{zlib.crc32(folder.name.encode()):08x}",
        "seed": 0,
        "model_version": "m1",
        "scenario": {"title": NASTY, "source_files": {"/a/x.yaml": "1", "/a/base.yaml": "2"}},
        "runs": {"asked": 500, "done": 500, "failed": 0},
        "command": f"twofront {kind} x.yaml",
    } | more
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": file_hashes(folder)}))
    return folder


def test_an_analysis_is_read_with_its_answer_figures_and_tables(tmp_path: Path):
    (found,) = read_sources([write_analysis(tmp_path / "a")]).analyses
    assert found.answer["answer"] == "There is one, by a."
    assert [{form: path.name for form, path in each.items()} for each in found.figures] == [{"png": "figure.png"}]
    assert [path.name for path in found.tables] == ["frontier.csv"]


def test_figures_of_an_analysis_are_found_whatever_they_are_called(tmp_path: Path):
    folder = write_analysis(tmp_path / "a", "game")
    for name in ("payoffs.png", "leads.png", "leads.svg"):
        (folder / name).write_bytes(PNG)
    (found,) = read_sources([folder]).analyses
    assert [sorted(each) for each in found.figures] == [["png"], ["png", "svg"], ["png"]]
    assert "500 runs, seed 0, model m1" in found.source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 7}, "b: does not belong to .*/a: seed 7, not 0"),
        ({"model_version": "m2"}, "model m2, not m1"),
        ({"scenario": {"source_files": {"/b/y.yaml": "3"}}}, r"it is made of y\.yaml, not of x\.yaml, base\.yaml"),
        (
            {"scenario": {"source_files": {"/b/x.yaml": "9", "/a/base.yaml": "2"}}},
            r"x\.yaml was changed between the two",
        ),
        (
            {"interrupted": True},
            "is unfinished: it was interrupted after 500 of 500 runs; to make all of them: twofront",
        ),
        ({"format": "twofront result 9"}, "is of another version: its format is 'twofront result 9'"),
        ({"kind": "oracle"}, "is of kind 'oracle', which this version does not know"),
        ({"said": {"spreads": {"luck": "l"}}}, "answer.json is damaged: no spread 'numerical'"),
        ({"said": {"answer": ""}}, "answer.json is damaged: 'answer' is no text"),
        ({"said": {"drives": "x"}}, "answer.json is damaged: 'drives' is no list of lines"),
        ({"said": {"runs": {"made": "many"}}}, "answer.json is damaged: 'runs' holds no numbers of runs"),
    ],
)
def test_results_of_another_family_and_results_that_are_not_whole_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
):
    first = write_analysis(tmp_path / "a")
    with pytest.raises(InputError, match=message):
        read_sources([first, write_analysis(tmp_path / "b", **change)])


def test_everything_that_differs_is_said_at_once(tmp_path: Path):
    with pytest.raises(InputError) as caught:  # noqa: PT011
        read_sources([write_analysis(tmp_path / "a"), write_analysis(tmp_path / "b", seed=3, model_version="m2")])
    assert len(caught.value.problems) == 2


def test_a_file_that_was_edited_without_changing_the_scenario_is_no_difference(tmp_path: Path):
    edited = {"scenario": {"source_files": {"/b/x.yaml": "9"}}, "scenario_hash": "h1"}
    folders = [write_analysis(tmp_path / "a", scenario_hash="h1"), write_analysis(tmp_path / "b", **edited)]
    assert len(read_sources(folders).analyses) == 2


def test_analyses_of_the_past_may_have_another_seed_and_an_overlay_belongs_to_its_base(tmp_path: Path):
    more = {"seed": 9, "scenario": {"source_files": {"/a/base.yaml": "2"}}}
    found = read_sources([write_analysis(tmp_path / "a"), write_analysis(tmp_path / "b", "backtest", **more)])
    assert [each.kind for each in found.analyses] == ["dilemma", "backtest"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda folder: (folder / ANSWER).unlink(),
            "is a dilemma without answer.json: unfinished, or of another version",
        ),
        (lambda folder: (folder / ANSWER).write_text("{}"), "answer.json was changed after the run"),
        (lambda folder: (folder / "manifest.json").unlink(), "is unfinished: it has tables but no manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is damaged"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "is no result folder"),
        (lambda folder: (folder / "frontier.csv").write_text("x"), "frontier.csv was changed after the run"),
    ],
)
def test_a_damaged_folder_is_refused_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], message: str
):
    folder = write_analysis(tmp_path / "a")
    damage(folder)
    assert command(folder, "--to", "html", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit, match=r"\d+") as caught:
        cli.main(["report", *map(str, arguments)])
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "docx"), "error: --to: no form 'docx'; allowed: html, pdf, pptx"),
        (("--to", "htm"), "did you mean 'html'?"),
        (("--to", ","), "error: --to: none of html, pdf, pptx"),
        (("--out", "/proc/nowhere"), "error: --out: /proc/nowhere: a briefing cannot be written there"),
        (("--marking", "x" * 81), "error: --marking: has 81 letters"),
        (("--title", "a\nb"), "error: --title: holds a control character"),
        (("--title", " "), "error: --title: is empty"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
):
    assert command(write_analysis(tmp_path / "a"), *arguments) == 2
    assert message in capsys.readouterr().err


def test_the_same_result_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = write_analysis(tmp_path / "a")
    assert command(folder, folder) == 2
    assert "name each once" in capsys.readouterr().err


def test_a_file_in_the_way_of_a_briefing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "out" / "briefing.html").mkdir(parents=True)
    assert command(write_analysis(tmp_path / "a"), "--to", "html", "--out", tmp_path / "out") == 2
    assert "briefing.html: a briefing cannot be written there: is a directory" in capsys.readouterr().err


# ---- a briefing on analyses alone -----------------------------------------------------------------------------------


def test_the_first_analysis_leads_and_the_others_follow_with_their_spreads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folders = [write_analysis(tmp_path / "a"), write_analysis(tmp_path / "b", "threshold", said={"drives": ["d2"]})]
    assert command(*folders, "--to", "html", "--out", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["answer"] for each in told["answers"]] == ["There is one, by a.", "There is one, by b."]
    assert told["answers"][0]["spreads"] == {"numerical": "N", "luck": "L", "assumptions": "A"}
    assert told["would_change"] == ["w1", "w2", "w3"]
    text = (tmp_path / "out" / "briefing.html").read_text()
    assert [text.index(word) for word in ("d1", "d2", "c1")] == sorted(text.index(word) for word in ("d1", "d2", "c1"))
    parsed = Parsed(text)
    assert len(parsed.all("img")) == 2
    assert parsed.all("script") == []
    assert NASTY in parsed.text
    numbers = {Path(path).name for path in told["numbers"]}
    assert numbers == {"dilemma-frontier.csv", "threshold-frontier.csv"}


def test_what_explains_an_answer_stands_behind_it_though_it_is_named_first(tmp_path: Path):
    from sim.report.build import build_story

    folders = [write_analysis(tmp_path / name, name) for name in ("sensitivity", "discover", "threshold")]
    found = build_story(read_sources(folders), None, "", lambda _: None)
    order = ["threshold", "sensitivity", "discover"]
    assert [each.sentence for each in found.answers] == [f"There is one, by {name}." for name in order]
    assert [picture.name for picture in found.pictures] == [f"{name}-figure" for name in order]


def test_the_default_folder_of_one_result_is_inside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = write_analysis(tmp_path / "a")
    assert command(folder, "--to", "html", "--quiet") == 0
    assert capsys.readouterr().out == f"{folder / 'briefing'}\n"
    assert (folder / "briefing" / "briefing.html").is_file()
    assert command(folder, "--to", "html", "--quiet") == 0  # and it does not get in the way of itself


# ---- answers of comparisons -----------------------------------------------------------------------------------------


class Told:
    """A group of runs as `statements` sees it, with differences written by hand."""

    kind = "compare"

    def __init__(self, pairs: dict[str, Pair]) -> None:
        self.pairs = pairs

    def against(self, name: str) -> list[tuple[str, Pair]]:
        return list(self.pairs.items())


def test_an_answer_names_every_choice_once_and_the_largest_of_each_direction_with_its_size():
    from sim.report.statements import _others

    spread = (0.01, 0.02)
    pairs = {
        "a": pair((0.2, 0.4), spread=spread),
        "b": pair((0.6, 0.8), spread=spread),
        "c": pair((-0.5, -0.3), spread=(-0.5, -0.3)),
        "d": pair((-0.1, 0.1), spread=spread),
        "e": pair(None),
    }
    said = _others(Told(pairs), row(0.5))  # type: ignore[arg-type]
    assert said == (
        "under b the share is 70 percentage points higher (60 to 80), and higher too under a; "
        "under c the share is 40 percentage points lower (30 to 50); no difference is told for d"
    )
    assert _others(Told({"e": pair(None)}), row(0.5)) == "it is compared with none of the others"  # type: ignore[arg-type]
