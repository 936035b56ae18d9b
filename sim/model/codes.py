"""Codes and sizes: events, slots, streams, policies, places, and how large the records are.

Codes are int64 and not Python's int: a kernel called with a literal would be compiled once for each value.
Numbers that seed streams and addresses are never renumbered.
"""

import numpy as np


def i8(value: int) -> int:
    """A code: an int64 to numba, an int to the type checker."""
    return np.int64(value)  # type: ignore[return-value]


TICKS_PER_DAY = i8(86_400)
FAR = i8(9_000_000_000_000_000_000)  # a time that never comes

SIDES = 2
FRONTS = 16
THEATRES = 8
CONTINGENTS = 6
POLICIES = 12
TRANCHES = 24
PACKAGES = 24
SEASONS = 16
PATCHES = 512
PIPELINE = 768
SPARE = i8(PIPELINE)  # position of the entry after the pipeline: room to move one
RETREAT_DAYS = i8(14)  # ground lost in so many days raises an alarm (E20)
HISTORY = 64  # days of daily records kept for reporting delays and collapses

RESERVE = i8(-1)  # a place beside the fronts
NO_FRONT, ALL_FRONTS = i8(-1), i8(-2)  # which fronts an event touched

# Status codes that a handler returns; the driver checks them.
OK, LEDGER_BROKEN, PIPELINE_FULL, NOT_A_NUMBER, TOO_MANY_EVENTS = (i8(k) for k in range(5))

# Kinds of events. The order is the order of ties (docs/model.md 2.14).
(
    INTERVENTION,
    LANDING,
    AID,
    ARRIVAL,
    TICK,
    INCURSION,
    RECRUITS,
    REVIEW,
    TALKS,
    ENGAGEMENT,
    WITHDRAWAL,
    SAMPLE,
    END,
) = (i8(k) for k in range(13))

# Slots of the calendar, in the order of ties. Engagements and withdrawals have one for each front and side.
SLOT_INTERVENTION = i8(0)
SLOT_LANDING = i8(1)
SLOT_AID = i8(2)
SLOT_ARRIVAL = i8(3)
SLOT_TICK = i8(4)
SLOT_INCURSION = i8(5)
SLOT_RECRUITS = i8(6)
SLOT_REVIEW = i8(7)  # and 8
SLOT_TALKS = i8(9)
SLOT_ENGAGEMENT = i8(10)
# then 2 n_fronts engagements, 2 n_fronts withdrawals, the sample, the end
SLOTS = SLOT_ENGAGEMENT + 4 * FRONTS + 2

# Kinds of pipeline entries.
TRAINING, TRANSIT, WOUNDED = (i8(k) for k in range(3))

# What has become of the incursion order.
PENDING, LAUNCHED, NOT_ORDERED, DONE = (i8(k) for k in range(4))

# Streams: one for each purpose, side and front. Identifiers are never renumbered.
PURPOSE_ENGAGEMENT_TIME = i8(0)
PURPOSE_ENGAGEMENT_RESULT = i8(1)
PURPOSE_WITHDRAWAL_TIME = i8(2)
PURPOSE_WITHDRAWAL_RESULT = i8(3)
PURPOSE_PEOPLE = i8(4)  # recruits, discharges: rounding by side
PURPOSES = 5
STREAMS = PURPOSES * FRONTS * SIDES

# Purposes of draws by address.
ADDRESS_LUCK_FRONT = i8(101)
ADDRESS_LUCK_THEATRE = i8(102)
ADDRESS_TRAVEL = i8(103)
ADDRESS_TRANCHE = i8(104)
ADDRESS_AID = i8(105)
ADDRESS_TALKS = i8(106)
ADDRESS_TRAINING = i8(107)
ADDRESS_RECOVERY = i8(108)
ADDRESS_LOST_EN_ROUTE = i8(109)
ADDRESS_REACTION = i8(110)
ADDRESS_DISCHARGE = i8(111)

# Parts of an address or a stream within its purpose.
ONLY = i8(0)
TRANCHE_CANCELLED, TRANCHE_DELAY, TRANCHE_SIZE = (i8(k) for k in range(3))
STREAM_RECRUITS = i8(0)

# Kinds of policies.
(
    NO_POLICY,
    HOLD,
    MAIN_EFFORT,
    BY_PRESSURE,
    THRESHOLD,
    FOLLOW_YIELD,
    REINFORCE,
    WITHDRAW,
) = (i8(k) for k in range(8))
POLICY_NAMES = ("none", "hold", "main_effort", "by_pressure", "threshold", "follow_yield", "reinforce", "withdraw")

# Kinds of aid packages and what they wait for.
SCHEDULED, ON_ALLIED_LANDING, ON_SUCCESS = (i8(k) for k in range(3))

MAIN, BORDER = i8(0), i8(1)
