"""A small schema with every construct that the loader has to map back to lines of a file."""

from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sim.scenario.values import Date, Measured, MonthDay, Quantity

People = Annotated[Quantity, Measured("people", low=0, integer=True)]
Days = Annotated[Quantity, Measured("days", low=0)]
Share = Annotated[Quantity, Measured("share", low=0, high=1)]
Tempo = Annotated[Quantity, Measured("1/day", low=0)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Ground(Enum):
    OPEN = "open"
    WOODED = "wooded"


class Hold(Model):
    kind: Literal["hold"]


class Threshold(Model):
    kind: Literal["threshold"]
    threshold: Share
    delay: Days = Field(default="10 d")  # type: ignore[assignment]


Policy = Annotated[Hold | Threshold, Field(discriminator="kind")]


class Front(Model):
    theatre: str
    tempo_per_day: Tempo
    length_km: float = Field(default=100.0, gt=0, le=2000)
    ground: Ground = Ground.OPEN
    forces: dict[str, dict[str, People]] = {}
    policy: Policy | None = None
    weights: list[Share] = []
    reserve: "Front | None" = None


class Season(Model):
    begins: MonthDay
    factor: float | Literal["frozen"] = 1.0


class Option(Model):
    about: str = ""
    set: dict[str, Any] = {}


class Decision(Model):
    default: str
    options: dict[str, Option]


class Scenario(Model):
    twofront: Literal[1]
    title: str
    start: Date
    end: Date
    theatres: list[str] = ["kursk", "east"]
    fronts: dict[str, Front]
    seasons: dict[str, Season] = {}
    luck: Literal["none", "weekly", "monthly"] = "weekly"
    replications: int = 100
    traced: bool = False
    choices: dict[str, dict[str, Decision]] = {}
    chosen: dict[str, str] = {}
    counterfactual: Option | None = None

    @model_validator(mode="after")
    def _dates(self) -> "Scenario":
        if self.end <= self.start:
            message = f"{self.end} is not after the start {self.start}"
            raise PydanticCustomError("cross", "{message}", {"message": message, "path": "end"})
        return self

    @model_validator(mode="after")
    def _theatres(self) -> "Scenario":
        problems = [
            (f"fronts.{name}.theatre", f"there is no theatre '{front.theatre}'")
            for name, front in self.fronts.items()
            if front.theatre not in self.theatres
        ]
        if problems:
            raise PydanticCustomError("cross", "{message}", {"message": "theatres", "problems": problems})
        return self
