"""Engines that profile a window where its rows are, and the job that runs one of them."""
