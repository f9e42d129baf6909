"""How harsh a random world is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field

FAULTS = (
    *(("create", kind) for kind in ("T-", "T+", "429", "429+", "503", "503+", "504", "partial+503", "404lag")),
    *(("patch", kind) for kind in ("T-", "T+", "429", "429+", "503", "503+", "412", "409")),
    *(("delete", kind) for kind in ("T-", "T+", "429+", "503", "503+", "412")),
    *(("delta", kind) for kind in ("410", "503", "504", "429", "T-")),
    *(("get", kind) for kind in ("503", "T-", "429", "404lag")),
    *(("view", kind) for kind in ("503", "T-")),
)


@dataclass(frozen=True)
class Plan:
    """How harsh a run is. Forgetting a transactionId and hiding its event together is a matter of its own."""

    steps: int = 25
    faults: float = 0.25
    inside: float = 0.10
    lag: float = 0.3
    kills: float = 0.06
    forget: bool | None = None
    """Whether transactionIds are forgotten; None: drawn from the seed. The listing in which a doubtful create is
    looked for then does not lag: a create that is hidden and forgotten at once is a case of its own."""
    hide: bool = False
    twin_ids: bool = False
    full: bool = True
    """Whether full runs happen; without them nothing repairs what delta missed."""
    between: float = 0.0
    """How likely somebody acts before each commit of a worker."""
    unreadable: int = 0
    """So many seconds a new event is shown by no read (H40), and creates often get no answer; never where
    transactionIds are forgotten as well."""
    contested: float = 0.0
    """How likely somebody changes the very event that a worker is about to write: what If-Match is there for."""
    owners: float = 0.0
    """How likely somebody who acts is the owner of an event that was made here in his calendar."""


WORST = Plan(forget=True, hide=True)
"""A create that is hidden from reads and whose transactionId is forgotten, at once: twins arise, and must heal."""


@dataclass
class Outcome:
    """What a seed led to: `problems` is empty when it went well."""

    seed: int
    problems: list[str] = field(default_factory=list)
    peak_twins: int = 1
    trace: list[str] = field(default_factory=list)
    changes: int = 0
    writes: int = 0
