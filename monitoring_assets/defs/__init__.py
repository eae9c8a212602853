"""Everything that speaks Dagster: assets, checks, partitions, automation and sensors."""
