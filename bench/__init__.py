"""Measurements by hand: ratios and medians of one run on one machine, never a promise about another."""
