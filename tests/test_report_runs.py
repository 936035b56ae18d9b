"""Briefings on real results of a short campaign: what the story says of them, the three forms, families of results."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_report import NASTY, Parsed, write_analysis
from test_run import SCENARIO

import sim
from sim.cli import main as cli
from sim.cli.compare_run import reopened
from sim.errors import InputError
from sim.experiment.read_result import read_result
from sim.experiment.tables import read_parquet
from sim.report.briefing import Briefing, Wanted, brief
from sim.report.build import build_story
from sim.report.pdf import CHROMIUM, MATPLOTLIB, NAMES, VARIABLE, printed
from sim.report.sentences import UNTOLD
from sim.report.sources import Sources, read_sources
from sim.report.story import Story

pytestmark = pytest.mark.slow  # `make fast` leaves these out

TITLED = SCENARIO.replace("title: Forty days", f"title: {json.dumps(NASTY)}")


def twofront(*arguments: object) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([*map(str, arguments)])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a comparison, two runs and a sweep of one scenario, and a run with another seed."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "campaign.yaml").write_text(TITLED)
    (folder / "other.yaml").write_text(SCENARIO.replace("2024-02-10", "2024-02-09"))
    campaign, amount = folder / "campaign.yaml", ("-n", "8", "--draws", "3", "--quiet")
    twofront("compare", campaign, "--choices", "red.ally=comes,stays", *amount, "--out", folder / "compare")
    for name, extra in (("base", ()), ("stays", ("--choice", "red.ally=stays")), ("seed", ("--seed", "7"))):
        twofront("run", campaign, *amount, "--no-figure", "--out", folder / name, *extra)
    twofront("run", folder / "other.yaml", *amount, "--no-figure", "--out", folder / "other")
    people = "sides.red.contingents.ally.inflow.people=0:4000:2000"
    twofront("sweep", campaign, "--vary", people, *amount, "--out", folder / "sweep")
    return folder


@pytest.fixture(scope="module")
def story(results: Path) -> Story:
    return told(results, "compare", "base", "sweep")


def sources(results: Path, *names: str) -> Sources:
    return read_sources([results / name for name in names])


def told(results: Path, *names: str) -> Story:
    return build_story(sources(results, *names), None, "EXERCISE", lambda _: None)


# ---- what is told ---------------------------------------------------------------------------------------------------


def test_a_story_has_its_sections_in_the_order_of_a_decision_maker(story: Story):
    order = ["picture", "choices", "change", "drives", "further", "assumptions", "validated", "limits", "provenance"]
    assert [section.key for section in story.sections] == order
    assert story.title == NASTY
    assert [picture.name for picture in story.pictures] == ["dots", "differences", "fan", "timeline", "response"]
    assert len(story.answers) == 3
    change = story.section("change")
    assert change
    assert len(change.points) == 3


def test_means_and_intervals_are_those_of_the_runs(results: Path, story: Story):
    columns = read_parquet(results / "compare" / "replications.parquet")
    numbers = dict(next(picture for picture in story.pictures if picture.name == "dots").columns)
    for k, label in enumerate(("comes", "stays")):
        those = (np.array(numbers["point"]) == label) & (np.array(numbers["outcome"]) == "red.casualties")
        (mean,) = np.array(numbers["mean"], float)[those]
        assert mean == pytest.approx(columns["red.casualties"][columns["point"] == k].mean())


def test_differences_and_their_directions_are_those_that_compare_prints(results: Path, story: Story):
    found = reopened(read_result(results / "compare"))
    assert found
    numbers = dict(next(picture for picture in story.pictures if picture.name == "differences").columns)
    lows = dict(zip(numbers["outcome"], numbers["numerical_low"], strict=True))
    expected = {pair.outcome: pair for pair in found.pairs}
    for name, low in lows.items():
        assert low == pytest.approx(expected[str(name)].interval[0])
    choices = story.section("choices")
    assert choices
    (row,) = choices.tables[1].rows
    for cell, name in zip(row[1:], lows, strict=True):
        assert (expected[str(name)].direction is None) == cell.startswith(("not told", "the same", "–"))


def test_no_sentence_claims_a_direction_beside_an_interval_with_zero(story: Story):
    texts = [text for section in story.sections for text in (*section.points, *section.paragraphs)]
    for text in (*texts, *(each.sentence for each in story.answers)):
        for clause in re.split(r"[;.] ", text):
            if UNTOLD in clause:
                assert not re.search(r"\b(higher|lower)\b", clause)


def test_every_probability_in_an_answer_has_its_range_across_assumptions(story: Story):
    for each in story.answers:
        assert "% of runs" not in each.sentence or "across assumptions" in each.sentence
        assert each.numerical
        assert each.luck
        assert each.assumptions


def test_without_draws_the_answer_says_that_assumptions_were_not_varied(results: Path, tmp_path: Path):
    twofront(
        "run", results / "campaign.yaml", "-n", "8", "--draws", "0", "--quiet", "--no-figure", "--out", tmp_path / "r"
    )
    found = told(tmp_path, "r")
    assert "assumptions were not varied" in found.answers[0].sentence
    limits = found.section("limits")
    assert limits
    assert any("Assumptions were not varied" in line for line in limits.points)


def test_assumptions_are_listed_with_sources_and_the_unsourced_apart(story: Story):
    section = story.section("assumptions")
    assert section
    tables = {table.name: table for table in section.tables}
    assert ("line · length", "80 to 130 km, central 100", "test") in [
        (row[0], row[1].replace("103", "100"), row[2]) for row in tables["assumptions"].rows
    ]
    assert ("line · forces · red · army", "30,000 people") in tables["unsourced"].rows


def test_two_runs_are_told_as_a_comparison_with_the_first(results: Path):
    found = told(results, "base", "stays")
    assert "under base" in found.answers[0].sentence
    choices = found.section("choices")
    assert choices
    assert [row[0] for row in choices.tables[0].rows] == ["base", "red.ally = stays"]
    changes = choices.tables[2]
    assert changes.title == "What each choice changes"
    assert any("inflow" in row[1] for row in changes.rows)


def test_an_analysis_leads_and_runs_follow(results: Path, tmp_path: Path):
    manifest = json.loads((results / "base" / "manifest.json").read_text())
    same = {name: manifest[name] for name in ("seed", "model_version", "scenario")}
    analysis = write_analysis(tmp_path / "a", **same)
    found = build_story(read_sources([results / "base", analysis]), None, "", lambda _: None)
    assert found.answers[0].sentence == "There is one, by a."
    assert found.pictures[0].name == "dilemma-figure"
    drives = found.section("drives")
    assert drives
    assert drives.points == ("d1",)


def test_sweeps_of_options_of_two_numbers_and_of_more_are_told_shown_or_refused(results: Path, tmp_path: Path):
    people, length = "sides.red.contingents.ally.inflow.people=0:4000:4000", "fronts.line.length=80:120:40"
    vary = {
        "options": ("red.ally=comes,stays",),
        "two": (people, length),
        "three": (people, length, "fronts.line.effort.red=0.5:0.7:0.2"),
    }
    for name, texts in vary.items():
        given = [part for text in texts for part in ("--vary", text)]
        amount = ("-n", "2", "--draws", "0", "--quiet")
        twofront("sweep", results / "campaign.yaml", *given, *amount, "--out", tmp_path / name)
    assert [picture.name for picture in told(tmp_path, "options").pictures] == ["dots"]
    assert told(tmp_path, "options").section("choices")
    found = told(tmp_path, "two", "three")
    assert [picture.name for picture in found.pictures] == ["surface"]
    limits = found.section("limits")
    assert limits
    assert any("varies 3 numbers at once, which is no story yet" in line for line in limits.points)
    with pytest.raises(InputError, match="varies 3 numbers at once"):
        told(tmp_path, "three")


# ---- families -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("base", "seed"), "seed 7, not 0"),
        (("base", "other"), r"it is made of other\.yaml, not of campaign\.yaml"),
        (("compare", "other"), "it ends on 2024-02-09, not 2024-02-10"),
        (("base", "nowhere"), "nowhere: does not exist"),
    ],
)
def test_results_that_do_not_belong_together_are_refused(results: Path, names: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message):
        sources(results, *names)


def test_a_scenario_that_was_edited_between_two_runs_is_said(results: Path, tmp_path: Path):
    campaign = tmp_path / "campaign.yaml"
    campaign.write_text(TITLED.replace("20000", "21000"))
    twofront("run", campaign, "-n", "2", "--draws", "0", "--quiet", "--no-figure", "--out", tmp_path / "later")
    with pytest.raises(InputError, match=r"campaign\.yaml was changed between the two"):
        read_sources([results / "base", tmp_path / "later"])


def test_a_changed_table_is_refused(results: Path, tmp_path: Path):
    folder = Path(shutil.copytree(results / "base", tmp_path / "base"))
    (folder / "series.parquet").write_bytes(b"no")
    found = told(tmp_path, "base")  # the fan cannot be drawn, which is said; the answer rests on another table
    limits = found.section("limits")
    assert limits
    assert any("series.parquet was changed after the run" in line for line in limits.points)
    (folder / "replications.parquet").write_bytes(b"no")
    with pytest.raises(InputError, match=r"replications\.parquet was changed after the run"):
        told(tmp_path, "base")


# ---- forms ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Briefing:
    wanted = Wanted(("html", "pptx"), None, "EXERCISE", tmp_path_factory.mktemp("out"))
    return brief([results / name for name in ("compare", "base", "sweep")], wanted, lambda _: None)


def test_the_page_carries_its_figures_and_numbers_and_loads_nothing(made: Briefing):
    parsed = Parsed(made.files[0].read_text())
    assert parsed.all("script") == []
    assert not any("style" in attributes for _, attributes in parsed.found)
    pictures = [each for each in parsed.all("svg") if each.get("role") == "img"]
    assert len(pictures) == 5
    assert all(each.get("aria-labelledby") for each in pictures)
    ids = [attributes["id"] for _, attributes in parsed.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {
        (each.get("href") or each.get("xlink:href") or "#").lstrip("#")
        for tag, each in parsed.found
        if tag in ("use", "a")
    }
    assert {name for name in wanted if not name.startswith("data:")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in parsed.found if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {path.name for path in made.saved.numbers} == {
        f"{name}.csv" for name in ("dots", "differences", "fan", "timeline", "response")
    }


def test_results_of_the_same_commands_give_the_same_bytes(results: Path, made: Briefing, tmp_path: Path):
    again = Path(shutil.copytree(results, tmp_path / "elsewhere"))
    shutil.rmtree(again / "base")
    campaign, amount = results / "campaign.yaml", ("-n", "8", "--draws", "3", "--quiet", "--workers", "1")
    twofront("run", campaign, *amount, "--no-figure", "--out", again / "base")
    wanted = Wanted(("html", "pptx"), None, "EXERCISE", tmp_path / "out")
    other = brief([again / name for name in ("compare", "base", "sweep")], wanted, lambda _: None)
    for one, two in zip(made.files, other.files, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_numbers_agree_with_the_series_of_the_result(results: Path, made: Briefing):
    import csv

    path = next(path for path in made.saved.numbers if path.name == "fan.csv")
    rows = [row for row in csv.DictReader(path.read_text().splitlines()) if row["series"] == "edge.territory_km2"]
    series = read_result(results / "base").series["edge.territory_km2"]
    assert [row["date"] for row in rows][:2] == ["2024-01-01", "2024-01-02"]
    np.testing.assert_allclose([float(row["luck_q95"]) for row in rows], series["luck_q95"], rtol=1e-5)


def test_without_a_browser_matplotlib_makes_the_pages_and_says_so(
    story: Story, monkeypatch: pytest.MonkeyPatch, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(VARIABLE, "")
    first, again = printed(story, ""), printed(story, "")
    assert first == again  # byte for byte, and the figures are left as they were
    assert first.by == MATPLOTLIB
    assert first.content.startswith(b"%PDF")
    twofront("report", results / "base", "--to", "pdf", "--out", tmp_path)
    assert f"the PDF was made by matplotlib, because {VARIABLE} is empty" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["exit 1", "echo Chromium 99.0.1; exit 0"])
def test_a_browser_that_fails_or_is_too_old_for_a_marking_is_done_without(
    story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
):
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\n{script}\n")
    browser.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(browser))
    found = printed(story, "<p>page</p>")
    assert found.by == MATPLOTLIB
    assert str(browser) in found.why


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium here")
def test_a_browser_prints_the_page_where_there_is_one(story: Story):
    found = printed(story, "<!doctype html><title>t</title><p>page</p>")
    assert (found.by, found.why) == (CHROMIUM, "")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
def test_the_deck_opens_in_libreoffice_with_every_slide(made: Briefing, tmp_path: Path):
    from pptx import Presentation

    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(made.files[1])]
    subprocess.run(convert, check=True, capture_output=True, timeout=180)
    content = (tmp_path / "briefing.pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert pages == len(Presentation(str(made.files[1])).slides)


def test_a_briefing_from_python_is_the_one_of_the_command(results: Path, made: Briefing, tmp_path: Path):
    found = sim.brief(
        [sim.open_result(results / name) for name in ("compare", "base", "sweep")],
        to="html",
        marking="EXERCISE",
        out=tmp_path,
    )
    assert found.files[0].read_bytes() == made.files[0].read_bytes()
    assert found.answer == made.answer
    assert "briefing.html" in repr(found)
    with pytest.raises(TypeError, match="did you mean 'marking'"):
        sim.brief([results / "base"], markng="x")  # type: ignore[call-arg]
    with pytest.raises(InputError, match="no form 'doc'"):
        sim.brief([results / "base"], to="doc")


def command_output(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    capsys.readouterr()
    twofront("report", *arguments)
    return capsys.readouterr().out


def test_the_command_says_the_answer_and_where_it_is(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = command_output(capsys, results / "compare", "--to", "html,pptx", "--title", NASTY, "--out", tmp_path)
    assert out.splitlines()[1:] == [
        f"briefing: {tmp_path}/briefing.html",
        f"briefing: {tmp_path}/briefing.pptx",
        f"numbers: {tmp_path}/numbers (2 files)",
    ]
    assert Parsed((tmp_path / "briefing.html").read_text()).all("script") == []
