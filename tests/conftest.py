"""Settings shared by all tests."""

import os
import signal

from hypothesis import settings

# No deadline: the first example may compile. In CI the examples are the same every time.
settings.register_profile("twofront", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# Where tests run in the background of a shell, Ctrl-C is ignored, here and in what they start; they send it themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.load_profile("ci" if os.environ.get("CI") else "twofront")
