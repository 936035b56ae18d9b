"""What the user writes: scenario files, their schema, and how they are read."""
