"""A story on paper: printed by a headless Chromium where there is one, else on pages that matplotlib draws."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.report.story import Story

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "TWOFRONT_CHROMIUM"  # the browser to use; empty: none
CHROMIUM, MATPLOTLIB = "Chromium", "matplotlib"
_MARGINS_SINCE = 131  # the first version that prints a marking into the margin of each sheet
_SECONDS = 60
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-extensions",
    "--no-first-run",
    "--no-pdf-header-footer",
)


class Printed(NamedTuple):
    """A PDF file, what made it, and if that was not Chromium, why not."""

    content: bytes
    by: str
    why: str = ""


def printed(story: Story, page: str) -> Printed:
    """Return a story as PDF; `page` is its HTML with nothing folded."""
    from sim.report.paper import pages

    browser, why = _browser(bool(story.marking))
    if browser:
        content = _print(browser, page)
        if content:
            return Printed(content, CHROMIUM)
        why = f"{browser} did not print it"
    return Printed(pages(story), MATPLOTLIB, why)


def _browser(marked: bool) -> tuple[str, str]:
    """Return the browser to print with, or nothing and the reason."""
    named = os.environ.get(VARIABLE)
    wanted = NAMES if named is None else (named,) if named else ()
    found = next((path for path in map(shutil.which, wanted) if path), None)
    if found is None:
        return "", f"there is no {' or '.join(wanted[:1])}" if wanted else f"{VARIABLE} is empty"
    if marked and _version(found) < _MARGINS_SINCE:
        return "", f"{found} is too old to print a marking on each sheet ({_MARGINS_SINCE} can)"
    return found, ""


def _version(browser: str) -> int:
    """Return the version of a browser; 0 where it does not say."""
    try:
        told = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"(\d+)\.\d+\.", told.stdout)
    return int(found[1]) if found else 0


def _print(browser: str, page: str) -> bytes:
    """Return the PDF that a browser makes of a page; nothing where it fails or takes too long."""
    with tempfile.TemporaryDirectory(prefix="twofront-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        profile = f"--user-data-dir={folder}/profile"
        command = [browser, *_OPTIONS, profile, f"--print-to-pdf={target}", source.as_uri()]
        try:
            _run(command)
            content = target.read_bytes()
        except OSError:
            return b""
    return content if content.startswith(b"%PDF") else b""


def _run(command: list[str]) -> None:
    """Run a browser to its end; one that takes too long is stopped with all that it started."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
