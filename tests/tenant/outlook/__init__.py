"""The Outlook page: a small website in which people of the simulated tenant keep their calendars.

Plain forms, no script, no cookie: who acts is part of the address, so that several people fit into one browser.
"""

from tests.tenant.outlook.views import create_app

__all__ = ["create_app"]
