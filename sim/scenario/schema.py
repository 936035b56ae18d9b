"""What a scenario file may say: every field with its unit, range, default and the source of the default.

All collections are mappings by name, so that dotted paths (`fronts.kursk.forces.russia.regular`) reach every number.
Rules across fields are in `consistency.py`, conversion to the model's parameters in `lower.py`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sim.scenario import consistency
from sim.scenario.choices import Decision
from sim.scenario.dilemma import Dilemma
from sim.scenario.laws import Combat, Luck, Season, Withdrawal
from sim.scenario.objectives import Objective
from sim.scenario.places import Line, Spot
from sim.scenario.policies import Policy
from sim.scenario.provenance import QJM, Model, assumed, default
from sim.scenario.quantities import (
    Area,
    AreaRange,
    Days,
    Factor,
    Kilometres,
    Number,
    People,
    PeoplePerKm2,
    PeoplePerMonth,
    PerDay,
    Positive,
    PositiveDays,
    PositivePeoplePerDay,
    Rounds,
    RoundsPerDay,
    Share,
)
from sim.scenario.values import Date


class Tranche(Model):
    """One landing."""

    at: Date
    share: Share
    """Share of the inflow's people."""
    delay: Days = assumed(0, "lands on its date")
    delay_sigma: Factor = assumed(0.3, "spread of the log of the delay")
    cancelled: Share = assumed(0, "probability that it never comes")


class Inflow(Model):
    """People of an allied contingent who come from outside, in tranches (E18)."""

    people: People
    """All tranches together."""
    tranches: dict[str, Tranche]
    front: str | None = None
    """Where they go after acclimatisation; the reserve if not given."""
    acclimatise: Days = assumed(14, "time between landing and being fit to move to a front")


class Contingent(Model):
    """People of one kind on one side."""

    quality: Factor = assumed(1, "combat effectiveness relative to regulars")
    reserve: People = assumed(0, "none held back at the start")
    fronts: list[str] | None = None
    """Fronts or theatres where it may serve; everywhere if not given."""
    arrival_readiness: Share = assumed(0.7, "new or recovered people are not yet at their best")
    readiness_recovery: PerDay = assumed(0.03, "rotation within the front: about a month to recover")
    inflow: Inflow | None = None


class Recruits(Model):
    """People who enter a side every week (E17)."""

    per_month: PeoplePerMonth
    contingent: str
    response: Factor = assumed(0.3, "share by which recruiting follows irrecoverable losses")
    minimum: PeoplePerMonth | None = None
    maximum: PeoplePerMonth | None = None
    training_minimum: PositiveDays = default(45, "Syrskyi to CNN, 5 Sep 2024: a month and half a month")
    training_maximum: PositiveDays = default(60, "Syrskyi to CNN, 5 Sep 2024")


class Casualties(Model):
    """What engagements cost, and what becomes of the wounded (E7, E14)."""

    attacking: Factor = assumed(8, "casualties per engagement as attacker at a thousand per km each")
    defending: Factor = assumed(8, "casualties per engagement as defender at a thousand per km each")
    irrecoverable: Share = default(0.3, "wounded to killed 2.5 to 5 (Dupuy Institute): killed and captured about 0.3")
    returning: Share = default(0.5, "about half of the wounded return (private analyst, weak source)")
    in_hospital: People = assumed(0, "wounded at the start, who come back or are discharged over the recovery time")
    recovery: PositiveDays = assumed(45, "weeks in hospital and rehabilitation")
    recovery_sigma: Factor = assumed(0.3, "spread of the log of the recovery time of a week's wounded")


class Munitions(Model):
    """Rounds in stock, made and fired (E4, E21)."""

    stock: Rounds = assumed(1_000_000, "with fires at nearly their full effect")
    production: RoundsPerDay = assumed(0, "none")
    per_attack: Rounds = assumed(0, "rounds for an engagement as attacker")
    per_defence: Rounds = assumed(0, "rounds for an engagement as defender")
    half_effect: Rounds = assumed(1, "stock at which the part of fires that depends on stock is halved")
    fires: Positive = assumed(1, "multiplier of combat power by fires with full stock")
    floor: Share = assumed(0.6, "share of fires that does not depend on artillery stock")


class Movement(Model):
    """How people get to the fronts, and how many follow losses (E19, E20)."""

    lift: dict[str, PositivePeoplePerDay] = {}
    """People a day who can be moved to (or from) each theatre; 2,000 where not given."""
    travel: Days = assumed(7, "median days between theatres or from the reserve")
    travel_within: Days = assumed(3, "median days between fronts of one theatre")
    travel_sigma: Factor = assumed(0.25, "spread of the log of the time on the way")
    lost_en_route: Share = assumed(0, "nobody")
    replacements: Share = assumed(0.7, "share of losses that a review asks to replace")
    replacements_pressure: Factor = assumed(0.3, "how much pressure raises that share (exponent)")
    fill: PerDay = assumed(0.01, "share of the reserve committed to the fronts a day, by their people at the start")
    least_moved: People = assumed(50, "no headquarters shifts less than that between fronts")
    emergency: PerDay = assumed(0.01, "share of a front's people sent a day for each unit of pressure above the alarm")
    emergency_pressure: Number = assumed(0.7, "pressure at which an emergency begins (ln ratio)")
    emergency_ground: Factor = assumed(0, "what a km of ground lost in two weeks adds to that pressure (ln ratio)")
    reserve_floor: People = assumed(0, "kept back in any case")
    reserve_recovery: PerDay = assumed(0.07, "rest in reserve: about two weeks to recover")


class Reviews(Model):
    """When a side looks, and how old its picture is (E23)."""

    every: PositiveDays = assumed(7, "weekly reviews")
    first: PositiveDays | None = None
    reporting_delay: Days = assumed(2, "days until a headquarters believes the map")


class Side(Model):
    """One of the two sides."""

    contingents: dict[str, Contingent]
    recruits: Recruits | None = None
    casualties: Casualties = Field(default_factory=Casualties)
    munitions: Munitions = Field(default_factory=Munitions)
    movement: Movement = Field(default_factory=Movement)
    reviews: Reviews = Field(default_factory=Reviews)
    policies: dict[str, Policy] = {}


class Theatre(Model):
    """Fronts that belong together."""

    positive: str
    """The side whose gains count as positive territory."""
    role: Literal["main", "second", "other"] = "other"
    title: str = ""


class Front(Model):
    """Where the sides meet."""

    theatre: str
    kind: Literal["main", "border"] = "main"
    length: Kilometres
    """Length of a main front, or of the border that is guarded."""
    forces: dict[str, dict[str, People]]
    effort: dict[str, Share] = {}
    """Share of full tempo that each side attacks with; 0 where not given."""
    works: dict[str, Share] = {}
    readiness: dict[str, Share] = {}
    supply: dict[str, People] = {}
    """People whom each side can supply there fully; unlimited where not given."""
    interdiction: dict[str, Share] = {}
    garrison: dict[str, People] = {}
    tempo: Positive = assumed(0.2, "engagements a day per thousand attackers at full tempo")
    terrain: Positive = default(1.2, f"rolling, bare or flat, mixed: {QJM}")
    territory: AreaRange = assumed(0, "the line at the start")
    territory_minimum: AreaRange | None = None
    territory_maximum: AreaRange | None = None
    salient_factor: Positive = default(2.5, "arc of a half-disc of area A is 2.5 sqrt(A)")
    salient_minimum: Kilometres = assumed(20, "frontage of the first foothold")
    reaction: PositiveDays = assumed(7, "time in which an alerted border guard concentrates on a salient")
    extent: Area | None = None
    """The territory of the front, of which a collapse loses a share; its length x 30 km where not given."""
    density: PeoplePerKm2 = assumed(0, "people per km2, for those displaced")
    position: Line | None = None
    """For the map only: a short line 'longitude latitude, longitude latitude' along the front, in the order in which
    the ground of the first of `sides` lies at its left."""


class Otherwise(Model):
    """What the force does when no incursion is ordered (E25)."""

    share: Share = assumed(0.5, "share that goes to the main theatre; the rest stays in reserve")
    delay: Days = assumed(14, "days until it is sent")
    defender: People = assumed(0, "people whom the defender then sends from its reserve to the main theatre")


class Incursion(Model):
    """The order to open the second front."""

    side: str
    front: str
    at: Date
    ordered: Annotated[bool, Field(strict=True)] = True
    force: dict[str, People]
    effort: Share = assumed(1, "full tempo")
    otherwise: Otherwise = Field(default_factory=Otherwise)


class Package(Model):
    """Munitions given to a side (E22)."""

    to: str
    rounds: Rounds
    waits_for: Literal["date", "allied_landing", "success"] = "date"
    announced: Date | None = None
    delay: Days = default(90, "Politico via babel.ua, 7 Nov 2024: several months")
    delay_sigma: Factor = assumed(0.3, "spread of the log of the delay")
    probability: Share = assumed(1, "it comes if its occasion comes")
    front: str | None = None
    above: Area = assumed(0, "territory on the front that counts as success")


class Politics(Model):
    """A change of politics on a date."""

    at: Date
    factor: Factor
    """Multiplier of deliveries from then on."""


class Donor(Model):
    """A third actor: what it gives, how cautiously, and what its politics change."""

    packages: dict[str, Package] = {}
    caution: Share = assumed(0, "share of each delivery withheld")
    politics: Politics | None = None


class Talks(Model):
    """When talks begin."""

    at: Date
    mean_wait: Days = assumed(0, "on the date; otherwise an exponential wait follows")


class Assess(Model):
    """How dual success is judged (docs/model.md 3)."""

    side: str
    """The side under test: it defends the second front and attacks on the main one."""
    dates: dict[str, Date]
    reference_area: Area
    """A_ref: the largest area held on the second front, by a stated assessor."""
    regained_share: Share = assumed(0.5, "K*: share of the area that must be regained")
    kept_share: Share = assumed(0.8, "E*: share of the counterfactual gain that must be kept")
    minimum_gain: Area = assumed(100, "G_min: gain below which losing it does not matter")
    regained_below: Area = assumed(10, "area at which the second front counts as regained")


class Intervention(Model):
    """On a date, runtime parameters take other values."""

    at: Date
    set: dict[str, Any]
    about: str = ""


class Outline(Model):
    """A line of the theatre map, for the eye only."""

    kind: Literal["border", "coast", "river", "contact"] = "border"
    line: Line
    """Longitude latitude, longitude latitude, ..."""


class Map(Model):
    """What the theatre map shows beside the fronts, which their `position` places. Nothing of it enters the model."""

    note: str = ""
    """What a reader must know of the lines, as that they are disputed; it stands under the map."""
    source: str = ""
    outlines: dict[str, Outline] = {}
    sides: dict[str, Spot] = {}
    """Where the name and the reserve of each side stand."""
    names: dict[str, Spot] = {}
    """Other names on the map, as of towns and seas."""


class Counterfactual(Model):
    """What holds when no incursion is ordered."""

    about: str = ""
    set: dict[str, Any] = {}


class Joint(Model):
    """Rows of a joint sample (a posterior): a draw takes one row for all its paths."""

    paths: list[str]
    rows: list[list[float]]
    source: str = ""


class Scenario(Model):
    """A scenario."""

    twofront: Literal[1]
    title: str
    question: str = ""
    notes: str = ""
    start: Date
    end: Date
    sides: dict[str, Side]
    theatres: dict[str, Theatre]
    fronts: dict[str, Front]
    combat: Combat = Field(default_factory=Combat)
    withdrawal: Withdrawal = Field(default_factory=Withdrawal)
    luck: Luck = Field(default_factory=Luck)
    seasons: dict[str, Season] = {}
    incursion: Incursion | None = None
    aid: dict[str, Donor] = {}
    talks: Talks | None = None
    assess: Assess | None = None
    interventions: dict[str, Intervention] = {}
    joint: dict[str, Joint] = {}
    choices: dict[str, dict[str, Decision]] = {}
    chosen: dict[str, str] = {}
    objectives: dict[str, dict[str, Objective]] = {}
    """What each actor is after (`twofront game`); no run depends on it."""
    counterfactual: Counterfactual | None = None
    map: Map | None = None
    dilemma: Dilemma | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        """Raise every contradiction between fields at once."""
        consistency.check(self)
        return self
