"""Compact summaries of rows: made in one pass, merged exactly, compared with certified bounds."""
