"""How fast drift, quality and correlations of windows are, beside other tools and a bare read."""
