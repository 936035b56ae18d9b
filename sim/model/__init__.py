"""What happens: the mechanisms of docs/model.md, compiled once and used by every engine."""
