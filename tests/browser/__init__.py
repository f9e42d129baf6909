"""The whole product in a real browser: every process of the demo, nothing in their place."""
