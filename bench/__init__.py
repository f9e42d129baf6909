"""Measurements of the product against its budgets; `script/bench NAME` runs one."""
