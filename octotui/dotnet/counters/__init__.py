"""Figures that a runtime gives of itself while it runs."""
