"""The laws of combat, withdrawal, luck and season, as a scenario states them (E2 to E16)."""

from sim.scenario.provenance import CDB90, QJM, Model, assumed, default
from sim.scenario.quantities import (
    Area,
    Factor,
    Kilometres,
    KilometresPerDay,
    Number,
    PerDay,
    Positive,
    PositiveDays,
    Share,
    Whole,
)
from sim.scenario.values import MonthDay


class Combat(Model):
    """The laws of combat, the same on every front (E2 to E16)."""

    granularity: Whole = assumed(1, "engagements that one event stands for")
    win_intercept: Number = default(0.216, CDB90)
    win_slope: Number = default(0.446, CDB90)
    own_exponent: Factor = default(0.635, f"p + q = 1 and p - q = 0.27, slope of ln loss ratio: {CDB90}")
    enemy_exponent: Factor = default(0.365, f"p + q = 1 and p - q = 0.27, slope of ln loss ratio: {CDB90}")
    beaten: Positive = assumed(1.2, "casualties of the beaten side against those of the winner's law")
    casualty_spread: Factor = assumed(0.5, "coefficient of variation of the casualties of an event")
    ground: Positive = assumed(0.35, "km2 per won engagement at 375 power per km (before saturation)")
    ground_exponent: Factor = assumed(1.5, "how ground falls with defending power per km")
    ground_saturation: Area = assumed(30, "what troops can drive over in one won engagement, km2")
    ground_spread: Factor = assumed(1, "coefficient of variation of the ground of a won engagement")
    posture: Positive = default(1.3, f"hasty defence: {QJM}")
    works: Positive = default(1.23, f"fortified 1.6 against hasty 1.3: {QJM}")
    works_build: PerDay = assumed(0.02, "a line that stands still is fortified in about 50 days")
    works_depth: Kilometres = assumed(10, "depth of a fortified belt")
    works_still: KilometresPerDay = assumed(0.05, "loss of ground at which building falls to a third")
    surprise: Positive = default(2.24, "complete surprise: Dupuy Institute, The Combat Value of Surprise")
    surprise_decay: PerDay = default(0.405, "a third a day (ln 1.5): Dupuy Institute")
    culmination: Factor = assumed(1.1, "force ratio at which half of the ordered effort is sustained; 0 = off")
    culmination_sharpness: Positive = assumed(4, "exponent of the force ratio in the share that is sustained")
    supply_depth: Kilometres = assumed(60, "depth of a salient at which supply falls to a third")
    overextension: Kilometres = assumed(10, "advance within two weeks at which supply falls to a third")
    fatigue_losses: Factor = assumed(3, "readiness worn per share of people lost")
    fatigue_effort: PerDay = assumed(0.003, "readiness worn a day at full effort")
    pressure_days: PositiveDays = default(7, "DESIGN: pressure is smoothed over 7 days")
    advance_days: PositiveDays = assumed(14, "memory of recent advance")
    loss_days: PositiveDays = assumed(7, "memory of recent losses")
    yield_days: PositiveDays = assumed(30, "memory of gains that reviews compare")


class Withdrawal(Model):
    """When a sector gives way, and what that costs (E16)."""

    hazard: PerDay = assumed(0.005, "withdrawals a day per 100 km at pressure 0")
    pressure: Factor = assumed(1.5, "growth of the hazard per unit of pressure (exponent)")
    losses: Factor = assumed(0.5, "growth per percent of people lost a day (exponent)")
    supply: Factor = assumed(2, "growth per unit of supply lost (exponent)")
    sector: Kilometres = assumed(10, "frontage that gives way")
    depth: Kilometres = assumed(2, "mean depth given up")
    prisoners: Share = assumed(0.03, "share of the sector's people lost")
    readiness: Share = assumed(0.6, "readiness of those who got away, against before")
    collapse_share: Share = assumed(0.25, "share of a front's extent lost within the window that counts as a collapse")
    collapse_days: PositiveDays = assumed(10, "window of a collapse; at most 60")


class Luck(Model):
    """Correlated disturbance of ground per won engagement (E10)."""

    theatre_sigma: Factor = assumed(0, "no luck common to a theatre")
    front_sigma: Factor = assumed(0, "no luck common to a front")
    theatre_memory: PositiveDays = assumed(30, "memory of the theatre's luck")
    front_memory: PositiveDays = assumed(30, "memory of a front's luck")


class Season(Model):
    """Part of the year in which weather changes three different things (QJM weather factors)."""

    begins: MonthDay
    ends: MonthDay
    attack: Positive = assumed(1, "multiplier of combat power in attack")
    tempo: Positive = assumed(1, "multiplier of tempo")
    mobility: Positive = assumed(1, "multiplier of the ground that can be driven over")
