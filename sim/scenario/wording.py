"""How messages quote what was written, and what they suggest instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_MANY = 30
_FEW = 8


def suggestion(seen: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" when something allowed is close, and what is allowed when that fits a line."""
    names = list(dict.fromkeys(allowed))
    close = get_close_matches(seen, names, n=1, cutoff=0.6)
    more = ", ..." if len(names) > _MANY else ""
    listed = f"; allowed: {', '.join(names[:_MANY])}{more}" if names else ""
    if close:
        return f"; did you mean '{close[0]}'?" + (f" (allowed: {', '.join(names)})" if len(names) <= _FEW else "")
    return listed


def shorten(text: str) -> str:
    """Return the text, cut where it would fill a line."""
    return text if len(text) <= 60 else text[:57] + "..."


def shown(raw: object) -> str:
    """Return a value as messages quote it."""
    if isinstance(raw, Mapping):
        return "a mapping"
    if isinstance(raw, list | tuple):
        return "a list"
    if raw is None or isinstance(raw, bool):
        return {None: "null (empty)", True: "true", False: "false"}[raw]
    text = shorten(str(raw))
    return repr(text) if isinstance(raw, str) else text
