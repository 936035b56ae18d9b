"""The campaign of docs/model.md as plain Python objects, without a clock: what the SimPy and salabim models share."""
