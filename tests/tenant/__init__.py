"""A simulated Microsoft 365 tenant: Entra, Graph's calendars and places, and the people and rooms behind them.

For tests, benches and the demo; nothing of the product imports it.
"""

from tests.tenant.calls import RequestInfo
from tests.tenant.clock import FakeClock, RealClock
from tests.tenant.people import Booked, Person
from tests.tenant.switches import Mutators, RoomPolicy, Switches
from tests.tenant.tenant import Mail, Tenant

__all__ = [
    "Booked",
    "FakeClock",
    "Mail",
    "Mutators",
    "Person",
    "RealClock",
    "RequestInfo",
    "RoomPolicy",
    "Switches",
    "Tenant",
]
