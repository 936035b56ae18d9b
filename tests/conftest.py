"""Settings shared by all tests."""

import os

from hypothesis import settings

# No deadline: the first example may compile. In CI the examples are the same every time.
settings.register_profile("twofront", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "twofront")
