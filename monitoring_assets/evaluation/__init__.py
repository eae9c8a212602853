"""Judging one window: pure functions from tables and a reference to measurements."""
