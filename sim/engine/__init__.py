"""Who drives the model."""
