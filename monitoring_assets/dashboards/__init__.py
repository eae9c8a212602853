"""Grafana's dashboards, as functions that return plain dictionaries."""
