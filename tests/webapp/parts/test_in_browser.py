"""The page of all components in Chromium: readable for everybody in both themes, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.axe import in_both_themes
from tests.browser.test_the_screens import STICKS_OUT
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.config import Config

__all__ = ["panel"]
pytestmark = pytest.mark.browser


@pytest.fixture
def make_config(make_config: Callable[..., Config]) -> Callable[..., Config]:
    """The configuration of somebody who develops components."""
    return lambda **environ: make_config(SHOW_PARTS="1", **environ)


def test_every_component_in_every_state_is_readable_for_everybody(panel: Page) -> None:
    open_path(panel, "/parts/")
    assert in_both_themes(panel) == []
    panel.set_viewport_size({"width": 390, "height": 900})
    assert not panel.evaluate(STICKS_OUT)
