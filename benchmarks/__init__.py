"""Measurements: ratios taken in one run, so that they mean something on any machine."""
