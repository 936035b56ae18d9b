"""What slides are made of: text that fits, native tables and native charts; sizes in inches, letters in points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.plotting.style import BLUE, FAINT, GREY, INK, PURPLE, VERMILLION

if TYPE_CHECKING:
    from sim.report.story import Chart, Line, Table

WIDTH, HEIGHT = 13.333, 7.5
LEFT, RIGHT = 0.6, 12.733
FONT = "Arial"
SMALLEST = 10  # points
_LETTER = 0.56  # width of a letter, in its height; generous
_LEADING = 1.22
_DASHED = "sysDash"
_LINES = ((BLUE, 3.0, ""), (GREY, 1.5, ""), (GREY, 1.5, ""), (INK, 1.5, _DASHED), (INK, 1.5, _DASHED))
_OPTIONS = (BLUE, VERMILLION, INK, PURPLE, GREY)
_FRAME, _BAR = 0.6, 0.85  # inches: of an axis; of a bar with the room around it
_MANY_WEEKS = 26


class Box(NamedTuple):
    """A place on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float


def height_of(texts: Sequence[str], width: float, size: float, gap: float = 0.0) -> float:
    """Return roughly how high some paragraphs stand, in inches; `gap` is between them, in points."""
    letters = max(4, int(width * 72 / (_LETTER * size)))
    lines = sum(max(1, len(wrap(text, letters))) for text in texts)
    return (lines * size * _LEADING + gap * len(texts)) / 72


def fitting(texts: Sequence[str], box: Box, largest: float, gap: float = 0.0) -> float:
    """Return the largest size of letters in which some paragraphs fit a box."""
    size = largest
    while size > SMALLEST and height_of(texts, box.width, size, gap) > box.height:
        size -= 1
    return size


def write(slide: Any, texts: Sequence[str], box: Box, size: float, **how: Any) -> Any:
    """Write paragraphs into a box, smaller where they would not fit; return the shape.

    how : bold, colour, align ('center', 'right'), bullet, gap (points between paragraphs), anchor ('middle').
    """
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    shape = slide.shapes.add_textbox(*(Inches(value) for value in box))
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    if how.get("anchor") == "middle":
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    fill(frame, texts, fitting(texts, box, size, how.get("gap", 0.0)), **how)
    return shape


def fill(frame: Any, texts: Sequence[str], size: float, **how: Any) -> None:
    """Fill a frame with paragraphs."""
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    align = {"center": PP_ALIGN.CENTER, "right": PP_ALIGN.RIGHT}.get(how.get("align", ""), PP_ALIGN.LEFT)
    for k, text in enumerate(texts):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        paragraph.alignment = align
        paragraph.space_after = Pt(how.get("gap", 0.0))
        run = paragraph.add_run()
        run.text = f"•  {text}" if how.get("bullet") else text
        _letters(run.font, size, how.get("colour", INK), how.get("bold", False))


def _letters(font: Any, size: float, colour: str = INK, bold: bool = False) -> None:
    from pptx.util import Pt

    font.name, font.size, font.bold = FONT, Pt(size), bold
    font.color.rgb = rgb(colour)


def rgb(colour: str) -> Any:
    """Return a colour as slides have it."""
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour.lstrip("#"))


# ---- tables ----------------------------------------------------------------------------------------------------------


def table_pages(table: Table, height: float, size: float) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Yield the rows of a table, as many at a time as fit a height."""
    widths = column_widths(table, RIGHT - LEFT, size)
    page: list[tuple[str, ...]] = []
    used = row_height(table.head, widths, size)
    for row in table.rows:
        need = row_height(row, widths, size)
        if page and used + need > height:
            yield tuple(page)
            page, used = [], row_height(table.head, widths, size)
        page.append(row)
        used += need
    if page:
        yield tuple(page)


def row_height(row: Sequence[str], widths: Sequence[float], size: float) -> float:
    """Return how high a row stands."""
    return max(height_of([cell], width - 0.16, size) for cell, width in zip(row, widths, strict=True)) + 0.1


def column_widths(table: Table, width: float, size: float) -> list[float]:
    """Return the width of each column: room for its longest word, the rest by its longest texts."""
    columns = [(head, *(row[k] for row in table.rows)) for k, head in enumerate(table.head)]
    least = [_LETTER * size / 72 * 1.06 * min(22, max(map(_longest_word, column))) + 0.16 for column in columns]
    if sum(least) >= width:
        return [width * each / sum(least) for each in least]
    wanted = [min(60, max(map(len, column))) for column in columns]
    return [each + (width - sum(least)) * want / sum(wanted) for each, want in zip(least, wanted, strict=True)]


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def add_table(slide: Any, table: Table, rows: Sequence[Sequence[str]], box: Box, size: float) -> Any:
    """Add a native table: some rows of a table under its heading."""
    from pptx.util import Inches

    widths = column_widths(table, box.width, size)
    heights = [row_height(row, widths, size) for row in (table.head, *rows)]
    place = (Inches(box.left), Inches(box.top), Inches(box.width), Inches(sum(heights)))
    shape = slide.shapes.add_table(len(rows) + 1, len(table.head), *place)
    made = shape.table
    _house_table(shape)
    for k, width in enumerate(widths):
        made.columns[k].width = Inches(width)
    for r, row in enumerate((table.head, *rows)):
        made.rows[r].height = Inches(heights[r])
        for k, text in enumerate(row):
            _cell(made.cell(r, k), text, size, bold=r == 0 or k == 0, head=r == 0)
    return shape


def _house_table(shape: Any) -> None:
    """Give a table the plain style without a grid, and no bands."""
    plain = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's own id of 'no style, no grid'
    properties = shape._element.graphic.graphicData.tbl.tblPr
    properties.set("bandRow", "0")
    properties.find("{http://schemas.openxmlformats.org/drawingml/2006/main}tableStyleId").text = plain


def _cell(cell: Any, text: str, size: float, bold: bool, head: bool) -> None:
    from pptx.util import Inches

    cell.margin_left = cell.margin_right = Inches(0.07)
    cell.margin_top = cell.margin_bottom = Inches(0.04)
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb("#E8EEF3" if head else "#FFFFFF")
    fill(cell.text_frame, [text], size, bold=bold)
    cell.text_frame.word_wrap = True


# ---- charts ----------------------------------------------------------------------------------------------------------


def add_chart(slide: Any, chart: Chart, box: Box) -> Any:
    """Add a native chart, whose data open in a spreadsheet."""
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    kinds = {"bars": XL_CHART_TYPE.BAR_CLUSTERED, "dates": XL_CHART_TYPE.LINE}
    kind = kinds.get(chart.kind, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS)
    if chart.kind == "bars":
        box = box._replace(height=min(box.height, _FRAME + _BAR * len(chart.categories)))
    shape = slide.shapes.add_chart(kind, *(Inches(value) for value in box), _data(chart))
    made = shape.chart
    made.font.size, made.font.name = _points(12), FONT
    made.has_title = False
    _axes(made, chart)
    _bars(made, chart) if chart.kind == "bars" else _lines(made, chart)
    return shape


def _data(chart: Chart) -> Any:
    from pptx.chart.data import CategoryChartData, XyChartData

    if chart.kind == "curve":
        curves = XyChartData(number_format="General")
        for line in chart.series:
            points = curves.add_series(line.name)
            for x, y in zip(chart.categories, line.values, strict=True):
                points.add_data_point(x, y)
        return curves
    bars = chart.kind == "bars"  # which slides draw from the foot up
    data = CategoryChartData(number_format="General")
    data.categories = list(chart.categories)[::-1] if bars else list(chart.categories)
    for line in chart.series:
        data.add_series(line.name, line.values[::-1] if bars else line.values)
    return data


def _points(size: float) -> Any:
    from pptx.util import Pt

    return Pt(size)


def _axes(made: Any, chart: Chart) -> None:
    axis, across = made.value_axis, made.category_axis
    axis.has_major_gridlines, axis.has_minor_gridlines = True, False
    axis.major_gridlines.format.line.color.rgb = rgb(FAINT)
    axis.format.line.fill.background()
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "#,##0", False
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = scale(chart)
    across.format.line.color.rgb = rgb(GREY)
    across.has_major_gridlines = False
    _tick_labels_low(across)
    if chart.kind == "curve":
        across.minimum_scale, across.maximum_scale = min(chart.categories), max(chart.categories)
        across.tick_labels.number_format, across.tick_labels.number_format_is_linked = "#,##0.###", False
    elif chart.kind == "dates":
        across.tick_labels.number_format, across.tick_labels.number_format_is_linked = "mmm yyyy", False
        _every_months(across, 2 if len(chart.categories) > _MANY_WEEKS else 1)


def scale(chart: Chart) -> tuple[float, float, float]:
    """Return the ends of the axis of values and the step of its ticks: all of it in, zero too, ends on ticks."""
    ends = [end for line in chart.series for pair in line.ends if pair for end in pair]
    seen = [value for line in chart.series for value in line.values if value is not None]
    low, high = min(0.0, *ends, *seen), max(0.0, *ends, *seen)
    if chart.unit == "% of runs":
        return 0.0, 100.0, 25.0
    step = _step((high - low) or 1.0)
    return math.floor(low / step + 1e-9) * step, max(math.ceil(high / step - 1e-9) * step, step), step


def _step(width: float) -> float:
    """Return a round step of which four to ten make a width."""
    size = 10.0 ** math.floor(math.log10(width / 5))
    return next(each * size for each in (1.0, 2.0, 5.0, 10.0) if width / (each * size) <= 6)


def _every_months(axis: Any, months: int) -> None:
    """Label a date axis every so many months."""
    from pptx.oxml.ns import qn

    element = axis._element
    for name, value in (("c:baseTimeUnit", "days"), ("c:majorUnit", str(months)), ("c:majorTimeUnit", "months")):
        for old in element.findall(qn(name)):
            element.remove(old)
        element.append(element.makeelement(qn(name), {"val": value}))


def _tick_labels_low(axis: Any) -> None:
    """Put the labels at the edge, where no bar of a negative value covers them."""
    from pptx.enum.chart import XL_TICK_LABEL_POSITION

    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW


def _bars(made: Any, chart: Chart) -> None:
    made.has_legend = False
    plot = made.plots[0]
    plot.gap_width = 70
    series, line = plot.series[0], chart.series[0]
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = rgb("#5FA3D0")
    series.invert_if_negative = False
    if any(line.ends):
        _whiskers(series, line)


def _whiskers(series: Any, line: Line) -> None:
    """Add error bars of their own length to each bar: editable in the chart, though not in its sheet."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls, qn

    pairs = list(zip(line.values, line.ends, strict=True))[::-1]
    up = [max(0.0, ends[1] - value) if ends and value is not None else 0.0 for value, ends in pairs]
    down = [max(0.0, value - ends[0]) if ends and value is not None else 0.0 for value, ends in pairs]
    text = (
        f"<c:errBars {nsdecls('c', 'a')}>"
        '<c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="0"/>'
        f"<c:plus>{_literal(up)}</c:plus><c:minus>{_literal(down)}</c:minus>"
        '<c:spPr><a:ln w="22225"><a:solidFill><a:srgbClr val="222222"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    )
    series._element.find(qn("c:cat")).addprevious(parse_xml(text))


def _literal(values: Sequence[float]) -> str:
    points = "".join(f'<c:pt idx="{k}"><c:v>{value:.6g}</c:v></c:pt>' for k, value in enumerate(values))
    return f'<c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}</c:numLit>'


def _lines(made: Any, chart: Chart) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION

    made.has_legend = True
    made.legend.position, made.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    spread = any(line.name.startswith(("assumptions", "luck")) for line in chart.series)
    looks = _looks(chart) if spread else [(colour, 2.5, "") for colour in _OPTIONS]
    for k, series in enumerate(made.plots[0].series):
        colour, width, dash = looks[k % len(looks)]
        series.smooth = False
        series.format.line.color.rgb = rgb(colour)
        series.format.line.width = _points(width)
        if dash:
            _dash(series)
        series.marker.style = _no_marker()


def _looks(chart: Chart) -> list[tuple[str, float, str]]:
    """Return how each line looks: the mean strong, luck grey, assumptions dashed."""
    by_word = {"luck": _LINES[1], "assumptions": _LINES[3]}
    return [by_word.get(line.name.partition(" ")[0], _LINES[0]) for line in chart.series]


def _dash(series: Any) -> None:
    from pptx.enum.dml import MSO_LINE

    series.format.line.dash_style = MSO_LINE.DASH


def _no_marker() -> Any:
    from pptx.enum.chart import XL_MARKER_STYLE

    return XL_MARKER_STYLE.NONE
