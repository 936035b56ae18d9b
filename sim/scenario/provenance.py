"""What every part of a scenario shares: unknown keys are errors, and a default says where it comes from."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

CDB90 = "CDB90 battle data base (US Army CAA), battles 1914-1973, n=400"
QJM = "Dupuy, Numbers, Predictions and War (QJM tables as tabulated publicly)"


class Model(BaseModel):
    """Base of all: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)


def default(value: object, source: str) -> Any:
    """A default with its source, kept as a quantity with provenance."""
    return Field(default={"value": value, "source": source})


def assumed(value: object, why: str) -> Any:
    """A default without a source, with the reason."""
    return default(value, f"assumption: {why}")
