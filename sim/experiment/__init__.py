"""Many runs, kept."""
