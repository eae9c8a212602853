"""Queries over time for the worst few of many: what is read once is then chosen from.

Forty columns as lines cannot be read, and reading the rows a second time to choose eight of them
doubles the time.
"""


def worst_cells(row: str, source: str, *, most: int) -> str:
    """Return the query of a grid: the rows with most trouble, the worst level in each cell.

    Args:
        row: What a row of the grid is: a column of the view.
        source: A view with `window_start` and `level`, and the condition.
        most: How many rows there are at most.
    """
    return f"""
WITH point AS (
  SELECT window_start, {row} AS metric, level FROM {source} AND level IS NOT NULL),
worst AS (
  SELECT metric FROM point
  GROUP BY 1 ORDER BY count(*) FILTER (WHERE level >= 2) DESC, 1 LIMIT {most})
SELECT $__timeGroup(window_start, $__interval) AS time, metric, max(level) AS value FROM point
WHERE metric IN (SELECT metric FROM worst)
GROUP BY 1, 2 ORDER BY 1, 2"""


def worst_lines(line: str, value: str, source: str, *, weight: str = "") -> str:
    """Return the query of a chart: the eight lines whose largest weight is largest.

    Args:
        line: What a line is: a column of the view.
        value: What it shows, in SQL.
        source: A view with `window_start`, and the condition.
        weight: What is compared, in SQL; the value where it is not given.
    """
    return f"""
WITH point AS (
  SELECT window_start AS time, {line} AS metric, {value} AS value, {weight or value} AS weight
  FROM {source} AND {value} IS NOT NULL),
worst AS (SELECT metric FROM point GROUP BY 1 ORDER BY max(weight) DESC, 1 LIMIT 8)
SELECT time, metric, value FROM point WHERE metric IN (SELECT metric FROM worst)
ORDER BY 1, 2"""
