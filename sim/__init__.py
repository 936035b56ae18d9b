"""Twofront: when does opening a second front force the other side into a dilemma, and when does it not?"""

__version__ = "0.1.0"
