"""Results to figures, one kind per file, in one house style."""
