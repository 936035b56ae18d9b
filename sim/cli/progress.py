"""Progress on stderr: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

EVERY_SECONDS = 5.0

Report = Callable[[int, int], None]


@contextmanager
def progress(title: str, total: int, quiet: bool) -> Iterator[Report | None]:
    """Give a function that is told how many of the runs are done; None when nobody wants to know."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(title, total) as report:
            yield report
    else:
        yield _lines(title)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]} runs/s")
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, rate="-")
        started = time.perf_counter()

        def report(done: int, total: int) -> None:
            speed = done / max(time.perf_counter() - started, 1e-9)
            bar.update(task, completed=done, rate=f"{speed:,.0f}")

        yield report


def _lines(title: str) -> Report:
    """Return a reporter that writes a line every few seconds."""
    started = last = time.perf_counter()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last < EVERY_SECONDS or done == total:
            return
        last, speed = now, done / (now - started)
        left = (total - done) / speed
        click.echo(f"{title}: {done:,} of {total:,} runs ({speed:,.0f}/s, {left:,.0f} s left)", err=True)

    return report


@contextmanager
def uninterrupted() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait until what is finished is saved; give a function that says whether it was pressed."""
    pressed = False

    def remember(*_: object) -> None:
        nonlocal pressed
        pressed = True

    try:
        before = signal.signal(signal.SIGINT, remember)
    except ValueError:  # not in the main thread, so no Ctrl-C comes here
        yield lambda: False
        return
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
