"""Munitions and aid: production, packages with delays, and what the third actor reacts to (E21, E22)."""

from sim.model.codes import ADDRESS_AID, ADDRESS_REACTION, FAR, ON_ALLIED_LANDING, ON_SUCCESS, ONLY, SCHEDULED, SLOT_AID
from sim.model.draws import at_address, median_lognormal
from sim.model.kernel import Params, State, kernel
from sim.model.pipeline import ticks


@kernel
def produce(p: Params, s: State, side: int) -> None:
    """A day's production of munitions (E21)."""
    s.side[side].munitions += p.side[side].munitions_per_day


@kernel
def delivery_tick(p: Params, s: State, k: int, announced: int) -> int:
    """When package k is delivered, if announced at a time (E22)."""
    package = p.package[k]
    delay = median_lognormal(package.delay_days, package.delay_sigma, at_address(s, ADDRESS_AID, k, ONLY, ONLY))
    return announced + ticks(delay)


@kernel
def schedule_package(p: Params, s: State, k: int) -> int:
    """When package k is delivered as far as known at the start: FAR for those that wait for something (E22)."""
    if p.package[k].waits_for != SCHEDULED or not decided(p, s, k):
        return FAR
    return delivery_tick(p, s, k, p.package[k].announced_tick)


@kernel
def decided(p: Params, s: State, k: int) -> bool:
    """Whether the third actor reacts with package k at all: once, by address (E22)."""
    return at_address(s, ADDRESS_REACTION, k, ONLY, ONLY) < p.package[k].probability


@kernel
def happened(p: Params, s: State, k: int) -> bool:
    """Whether what package k waits for has happened: an allied landing on the other side, or success on a front."""
    package = p.package[k]
    if package.waits_for == ON_ALLIED_LANDING:
        return s.side[1 - package.side].allied_landed > 0
    f = package.success_front
    sign = 1.0 if p.front[f].positive_side == package.side else -1.0
    return package.waits_for == ON_SUCCESS and sign * s.front[f].territory_km2 >= package.success_km2


@kernel
def react(p: Params, s: State) -> None:
    """Announce the packages whose occasion has come, seen at the daily tick; each is announced once (E22)."""
    for k in range(p.n_packages):
        waiting = p.package[k].waits_for != SCHEDULED and s.package_announced[k] == 0
        if waiting and s.now >= p.package[k].announced_tick and happened(p, s, k):
            s.package_announced[k] = 1
            if decided(p, s, k):
                s.next_package_tick[k] = delivery_tick(p, s, k, s.now)
    refresh_aid(p, s)


@kernel
def deliver(p: Params, s: State, k: int) -> None:
    """Package k arrives, less what caution withholds and what politics changes (E22)."""
    package = p.package[k]
    factor = package.politics_factor if s.now >= package.politics_tick else 1.0
    s.side[package.side].munitions += package.rounds * (1.0 - package.caution) * factor
    s.next_package_tick[k] = FAR
    s.package_done[k] = 1
    refresh_aid(p, s)


@kernel
def refresh_aid(p: Params, s: State) -> None:
    """Set the time of the next delivery."""
    first = FAR
    for k in range(p.n_packages):
        first = min(first, s.next_package_tick[k])
    s.next_tick[SLOT_AID] = first
