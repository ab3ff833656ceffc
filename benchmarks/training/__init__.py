"""Trains one member of every family beside the same architecture without sharing, and draws the curves."""
