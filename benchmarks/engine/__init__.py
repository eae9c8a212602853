"""How fast drift, quality and correlations of a window are, beside Evidently and a bare read."""
