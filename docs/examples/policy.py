"""A policy in Python: what Russia orders at its reviews, in place of the policies of the scenario file."""

from collections.abc import Iterator

from sim.engine.policy import Effort, Order, Redeploy, View


def answer(view: View) -> list[Order]:
    """Once 100 km2 are lost in Kursk, fill it up from the reserve: 11,000 people and 28 for each km2 lost."""
    lost = -view.held_km2["kursk"]
    if lost < 100:
        return []
    missing = int(11_000 + 28 * lost) - view.people["kursk"] - view.inbound["kursk"]
    orders: list[Order] = [Effort("kursk", 0.2)]
    if missing > 0:
        orders.append(Redeploy("reserve", "kursk", missing))
    return orders


class Patient:
    """The same, but only after the loss has been seen at five reviews. A class is made anew for each run."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, view: View) -> Iterator[Order]:
        """Return the orders of a review."""
        self.seen += view.held_km2["kursk"] <= -100
        if self.seen >= 5:
            yield from answer(view)
