"""Checks of casualties: Lanchester's laws with their spread, the exact chain of the small process, Iwo Jima 1945.

With everything else switched off, an attack of side s comes tempo w n_s e_s times a day (n in thousand per km, w in km)
and costs side x kappa_x n_x^p n_y^q / n_s people (docs/model.md E5, E7), so that the means follow
dn_x/dt = -(tempo/1000) K_x n_x^p n_y^q with K_x = e_x attacking_x + e_y defending_x. The spread follows from the same
numbers: each attack is a jump of known size at a known rate (van Kampen's linear noise approximation).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.verify_check import TAIL, TICKS_PER_DAY, Check, Comparison, Z, check, readings, seed_of
from sim.analysis.verify_worlds import SIDES, World, merged, still
from sim.experiment.trial import Simulate, Trial

Pair = tuple[float, float]
Values = NDArray[np.float64]

LAWS: dict[str, Pair] = {"square": (0, 1), "linear": (1, 1), "logarithmic": (1, 0), "mixed": (0.5, 0.5)}
EFFORTS: tuple[Pair, ...] = ((1.0, 0.0), (0.0, 1.0), (1.0, 0.6))
DAYS = (10, 20, 40)
LAW_RUNS = 40
SCALES = (1, 4, 16)
SCALE_RUNS = 400
CHAIN_RUNS = 10_000
IWO_RUNS = 100
IWO_DAYS = (10, 20, 28)  # later the garrison is nearly gone, and the equations end


class Duel(NamedTuple):
    """Two sides on a front: per side casualties per engagement attacking and defending, thousand per km, effort."""

    exponents: Pair
    efforts: Pair
    kappa: tuple[Pair, Pair] = ((12.0, 7.0), (15.0, 12.0))
    density: Pair = (1.5, 0.8)
    length_km: float = 400.0
    tempo: float = 0.5
    granularity: int = 1
    spread: float = 0.0

    @property
    def people(self) -> Pair:
        """Return the people of each side at the start."""
        return round(1000 * self.length_km * self.density[0]), round(1000 * self.length_km * self.density[1])

    def coefficients(self) -> Pair:
        """Return K tempo / 1000 of each side, per day."""
        (e, f), ((a, b), (c, d)), k = self.efforts, self.kappa, self.tempo / 1000
        return k * (e * a + f * b), k * (f * c + e * d)

    def rates(self, n: Values) -> Values:
        """Return the attacks of each side a day at densities n, float64[side]."""
        return np.array([self.tempo * self.length_km * n[s] * self.efforts[s] for s in range(2)])

    def jump(self, n: Values, attacker: int) -> Values:
        """Return by how much one attack lowers the density of each side, float64[side]."""
        (p, q), loss = self.exponents, np.zeros(2)
        for side in range(2):
            kappa = self.kappa[side][0 if side == attacker else 1]
            loss[side] = kappa * n[side] ** p * n[1 - side] ** q / n[attacker] / (1000 * self.length_km)
        return loss

    def drift(self, n: Values) -> Values:
        """Return the mean change of the densities a day, float64[side]."""
        (a, b), (p, q) = self.coefficients(), self.exponents
        return np.array([-a * n[0] ** p * n[1] ** q, -b * n[1] ** p * n[0] ** q])

    def noise(self, n: Values) -> Values:
        """Return the variance that a day adds, float64[side, side]: jumps, their spread, and rounding to people."""
        total = np.zeros((2, 2))
        for side, rate in enumerate(self.rates(n)):
            jump = self.jump(n, side)
            rounding = 0.25 / self.granularity / (1000 * self.length_km) ** 2
            total += rate * (np.outer(jump, jump) + np.diag(self.spread**2 * jump**2 + rounding))
        return total

    def jacobian(self, n: Values) -> Values:
        """Return the derivative of the drift by the densities, float64[side, side]."""
        (a, b), (p, q), (x, y) = self.coefficients(), self.exponents, n
        lost, hit = -a * x**p * y**q, -b * y**p * x**q
        return np.array([[p * lost / x, q * lost / y], [q * hit / x, p * hit / y]])


class Course(NamedTuple):
    """What theory says of a duel on some days: density and its variance, float64[day, side]."""

    density: Values
    variance: Values


def course(duel: Duel, days: tuple[float, ...]) -> Course:
    """Return what theory says of a duel on some days."""
    z = evolved(duel, np.array([*duel.density, 0.0, 0.0, 0.0, 0.0]), days)
    return Course(z[:, :2], z[:, [2, 5]])


def evolved(duel: Duel, start: Values, days: tuple[float, ...]) -> Values:
    """Integrate densities and their covariances, float64[6], to some days: float64[day, 6]."""
    from scipy.integrate import solve_ivp

    def slope(_: float, z: Values) -> Values:
        n, spread = z[:2], z[2:].reshape(2, 2)
        j = duel.jacobian(n)
        return np.concatenate([duel.drift(n), (j @ spread + spread @ j.T + duel.noise(n)).ravel()])

    return np.asarray(solve_ivp(slope, (0, days[-1]), start, t_eval=days, rtol=1e-10, atol=1e-14).y.T)


def closed_form(duel: Duel, t: float) -> Pair | None:
    """Return the densities at t where a closed form is known: square, linear and logarithmic law."""
    (a, b), (x, y) = duel.coefficients(), duel.density
    if duel.exponents == LAWS["square"]:
        root = math.sqrt(a * b)
        cosh, sinh = math.cosh(root * t), math.sinh(root * t)
        return x * cosh - y * math.sqrt(a / b) * sinh, y * cosh - x * math.sqrt(b / a) * sinh
    if duel.exponents == LAWS["logarithmic"]:
        return x * math.exp(-a * t), y * math.exp(-b * t)
    if duel.exponents == LAWS["linear"]:
        excess = b * x - a * y  # constant
        decay = math.exp(-excess * t)
        return x * excess / (b * x - a * y * decay), y * excess * decay / (b * x - a * y * decay)
    return None


def world_of(duel: Duel, days: int) -> World:
    """Return the scenario of a duel."""
    front = {
        "length": duel.length_km,
        "tempo": duel.tempo,
        "forces": {side: {"army": people} for side, people in zip(SIDES, duel.people, strict=True)},
        "effort": dict(zip(SIDES, duel.efforts, strict=True)),
    }
    losses = {
        side: {"casualties": {"attacking": attacking, "defending": defending}}
        for side, (attacking, defending) in zip(SIDES, duel.kappa, strict=True)
    }
    own, enemy = duel.exponents
    law = {"own_exponent": own, "enemy_exponent": enemy, "granularity": duel.granularity}
    return merged(still(days, front), {"sides": losses, "combat": law})


def lanchester(simulate: Simulate, seed: int, law: str) -> Check:
    """Compare mean losses with a law, whoever attacks, on three days."""
    comparisons: list[Comparison] = []
    for efforts in EFFORTS:
        duel = Duel(LAWS[law], efforts)
        comparisons += _closed_against_integrated(duel, law)
        comparisons += _losses(simulate, duel, seed_of(seed, law, efforts))
    why = (
        f"{Z:g} standard errors of the mean of {LAW_RUNS} runs (variance from the linear noise approximation), plus "
        f"2 / events for curvature and half a second a wait for the clock"
    )
    return check(f"Lanchester, {law} law", comparisons, why)


def _closed_against_integrated(duel: Duel, law: str) -> Iterator[Comparison]:
    for t, density in zip(DAYS, course(duel, DAYS).density, strict=True):
        known = closed_form(duel, t)
        for side, exact in enumerate(known or ()):
            yield Comparison(f"{law} law: solve_ivp, day {t}", exact, float(density[side]), 1e-7, relative=True)


def _losses(simulate: Simulate, duel: Duel, seed: int) -> Iterator[Comparison]:
    theory, scale = course(duel, DAYS), 1000 * duel.length_km
    names = tuple(f"{side}.casualties" for side in SIDES)
    found = readings(simulate, Trial(world_of(duel, DAYS[-1]), seed, LAW_RUNS, names, DAYS)).series
    for position, t in enumerate(DAYS):
        known = closed_form(duel, t) or tuple(theory.density[position])
        for side, name in enumerate(names):
            loss = scale * (duel.density[side] - known[side])
            deviation = scale * math.sqrt(theory.variance[position, side] / LAW_RUNS)
            bound = Z * deviation / loss + _bias(duel, theory.density[position], t)
            seen = float(found[name][:, position].mean())
            who = " and ".join(each for each, e in zip(SIDES, duel.efforts, strict=True) if e)
            yield Comparison(f"losses of {SIDES[side]} by day {t}, {who} attacking", loss, seen, bound, relative=True)


def _bias(duel: Duel, density: Values, t: float) -> float:
    """Return the relative bias of mean losses: curvature, and waits rounded up to whole seconds (E5)."""
    first, last = duel.rates(np.array(duel.density)), duel.rates(density)
    fewest = min(float(rate) * t for rate in last if rate > 0)
    return 2 / fewest + float(first.max()) / duel.granularity / (2 * TICKS_PER_DAY)


def _scaled(scale: int) -> Duel:
    """Return a duel with the people and the front times `scale` and the granularity divided by it."""
    return Duel(LAWS["mixed"], (1.0, 1.0), length_km=40.0 * scale, granularity=SCALES[-1] // scale)


def _spreads(simulate: Simulate, seed: int, scale: int) -> tuple[float, float]:
    """Return the relative standard deviation of red's losses by day 20: simulated, and in theory."""
    duel, on = _scaled(scale), 20
    trial = Trial(world_of(duel, on), seed_of(seed, "spread", scale), SCALE_RUNS, ("red.casualties",), (on,))
    losses = readings(simulate, trial).series["red.casualties"][:, 0]
    theory = course(duel, (float(on),))
    loss = duel.density[1] - theory.density[0, 1]
    return float(losses.std(ddof=1) / losses.mean()), float(math.sqrt(theory.variance[0, 1]) / loss)


def spread_of_losses(simulate: Simulate, seed: int) -> list[Check]:
    """Compare the relative spread of losses with theory, and its slope against the number of people with -1/2."""
    found = {scale: _spreads(simulate, seed, scale) for scale in SCALES}
    error = Z / math.sqrt(2 * (SCALE_RUNS - 1))
    sizes = [
        Comparison(f"relative sd of losses, people x {scale}", theory, seen, error + _grain(scale), relative=True)
        for scale, (seen, theory) in found.items()
    ]
    span = math.log(SCALES[-1] / SCALES[0])
    slope = math.log(found[SCALES[-1]][0] / found[SCALES[0]][0]) / span
    allowed = (math.sqrt(2) * error + _grain(SCALES[0]) + _grain(SCALES[-1])) / span
    why = f"{Z:g} standard errors of a standard deviation of {SCALE_RUNS:,} runs, plus the grain of events, G^2 / 6E"
    return [
        check("spread of losses", sizes, why),
        check("spread falls as people^-1/2", [Comparison("slope of ln sd on ln people", -0.5, slope, allowed)], why),
    ]


def _grain(scale: int) -> float:
    """Return the relative bias of a standard deviation of losses: the grain of events, and curvature."""
    duel = _scaled(scale)
    engagements = 20 * float(duel.rates(np.array(duel.density)).min())
    return (duel.granularity**2 / 6 / 2 + 2) / engagements


def chain(simulate: Simulate, seed: int) -> list[Check]:
    """Compare the small square-law process (an engagement costs the defender one) with its exact absorbing chain."""
    blue, red = 10, 8
    front = {"length": 10, "tempo": 300, "forces": {"blue": {"army": blue}, "red": {"army": red}}}
    casualties = {side: {"casualties": {"attacking": 0, "defending": 1}} for side in SIDES}
    law = {"own_exponent": 0, "enemy_exponent": 1}
    world = merged(still(100, front), {"sides": casualties, "combat": law})
    world["fronts"]["line"]["effort"] = {"blue": 2 / 3, "red": 1}
    names = tuple(f"line.{side}.people" for side in SIDES)
    left = readings(simulate, Trial(world, seed_of(seed, "chain"), CHAIN_RUNS, names, (100,))).series
    margin = left[names[0]][:, 0] - left[names[1]][:, 0]
    exact = absorbed(blue, red, 0.2, 0.3)
    return [_win(margin, exact), _survivors(margin, exact)]


def _win(margin: Values, exact: dict[int, float]) -> Check:
    win = sum(p for survivors, p in exact.items() if survivors > 0)
    bound = Z * math.sqrt(win * (1 - win) / CHAIN_RUNS)
    seen = Comparison("P(10 against 8 win)", win, float((margin > 0).mean()), bound)
    why = f"{Z:g} standard errors of a share of {CHAIN_RUNS:,} runs"
    return check("win probability, exact chain", [seen], why)


def _survivors(margin: Values, exact: dict[int, float]) -> Check:
    bound = math.sqrt(math.log(2 / TAIL) / (2 * CHAIN_RUNS))
    cumulated, rows = 0.0, []
    for survivors in sorted(exact):
        cumulated += exact[survivors]
        seen = float((margin <= survivors).mean())
        rows.append(Comparison(f"P(survivors of blue - of red <= {survivors})", cumulated, seen, bound))
    why = f"Dvoretzky, Kiefer and Wolfowitz's inequality for {CHAIN_RUNS:,} runs at a probability of {TAIL:.1e}"
    return check("survivors, exact chain", rows, why)


def absorbed(blue: int, red: int, a: float, b: float) -> dict[int, float]:
    """Return the probability of each final state of the square-law chain, by survivors of blue less those of red.

    a, b : losses that each of blue and of red causes a day.
    """
    alive = {(blue, red): 1.0}
    final: dict[int, float] = {}
    for _ in range(blue + red):
        following: dict[tuple[int, int], float] = {}
        for (x, y), p in alive.items():
            hit = a * x / (a * x + b * y)
            for state, q in (((x, y - 1), p * hit), ((x - 1, y), p * (1 - hit))):
                if min(state) > 0:
                    following[state] = following.get(state, 0.0) + q
                else:
                    final[state[0] - state[1]] = final.get(state[0] - state[1], 0.0) + q
        alive = following
    return final


def iwo_jima(simulate: Simulate, seed: int) -> Check:
    """Compare scenarios/iwo_jima_1945.yaml with Engel's square law, reinforcements on days 2 and 5."""
    days = IWO_DAYS
    names = ("us.casualties", "japan.casualties")
    found = readings(simulate, Trial("iwo_jima_1945", seed_of(seed, "iwo"), IWO_RUNS, names, days)).series
    theory = [engel(day) for day in days]
    rows: list[Comparison] = []
    for position, exact in enumerate(theory):
        for side, name in enumerate(names):
            seen = found[name][:, position]
            bound = (Z * exact.deviation[side] / math.sqrt(IWO_RUNS)) / exact.loss[side] + exact.bias
            rows.append(
                Comparison(f"{name} by day {days[position]}", exact.loss[side], float(seen.mean()), bound, True)
            )
    why = (
        f"{Z:g} standard errors of the mean of {IWO_RUNS} runs (linear noise approximation), 2 / events, and half a "
        "second a wait for the clock"
    )
    return check("Iwo Jima 1945 (Engel)", rows, why)


class Engel(NamedTuple):
    """Losses by a day, people by side, their standard deviation, and the relative bias allowed."""

    loss: Pair
    deviation: Pair
    bias: float


ENGEL_A, ENGEL_B = 0.0544, 0.0106  # a day: US losses for each Japanese, Japanese losses for each of the US (1954)
ENGEL_KM, ENGEL_TEMPO = 4.0, 10.0  # of the scenario; the law does not depend on them
US, JAPAN = 54_000, 21_500  # at the start
LANDED = ((2 + 0.006, 6_000), (5 + 0.013, 13_000))  # (day, people): on days 2 and 5, at a lift of a million a day


def engel(day: float) -> Engel:
    """Return what Engel's equations dM/dt = P - A J, dJ/dt = -B M give by a day."""
    scale, per = 1000 * ENGEL_KM, 1000 / ENGEL_TEMPO
    kappa = ((ENGEL_A * per, 0.0), (0.0, ENGEL_B * per))
    duel = Duel(LAWS["square"], (1.0, 0.0), kappa, (US / scale, JAPAN / scale), ENGEL_KM, ENGEL_TEMPO, spread=0.5)
    z, begun, landed = np.array([*duel.density, 0.0, 0.0, 0.0, 0.0]), 0.0, 0
    for when, people in ((when, people) for when, people in LANDED if when < day):
        z = evolved(duel, z, (when - begun,))[-1]
        z[0] += people / scale
        begun, landed = when, landed + people
    z = evolved(duel, z, (day - begun,))[-1]
    attacks = ENGEL_TEMPO * (US + landed) / 1000
    return Engel(
        loss=(US + landed - scale * float(z[0]), JAPAN - scale * float(z[1])),
        deviation=(scale * math.sqrt(float(z[2])), scale * math.sqrt(float(z[5]))),
        bias=2 / (attacks * day) + attacks / (2 * TICKS_PER_DAY),
    )
