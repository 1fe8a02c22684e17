"""Meaning and memory: alerts, cases, dispatches, outcomes, and the tables that keep them."""
