"""What Grafana does with a query before Postgres sees it, and with the answer afterwards.

The page replaces variables, the server replaces macros; both with Grafana's own patterns, whose
faults are part of what is tested: a macro's arguments end at the first closing parenthesis, and
`$__timeGroup(…)` in front of a comma becomes a column of its own.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

_VARIABLE = re.compile(
    r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}"
)
_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class GrafanaError(Exception):
    """What Grafana would say instead of drawing a panel."""


@dataclass(frozen=True)
class View:
    """What somebody looks at: a range of time, and what was chosen in the variables."""

    since: datetime
    until: datetime
    chosen: dict[str, str | list[str]] = field(default_factory=dict)
    many: frozenset[str] = frozenset()
    interval: str = "12h"  # of 90 days and 150 points

    def sql(self, raw_sql):
        """Return what Postgres sees."""
        return self._with_macros(self._with_variables(raw_sql))

    def _with_variables(self, raw):
        return _VARIABLE.sub(self._variable, raw)

    def _variable(self, found):
        name = found[1] or found[2] or found[4]
        form = found[3] or found[6]
        if name in ("__interval", "__interval_ms"):
            return self.interval if name == "__interval" else str(_seconds(self.interval) * 1000)
        if name not in self.chosen:
            return found[0]
        value = self.chosen[name]
        if form == "sqlstring":
            return _quoted(value)
        if form is not None:
            raise GrafanaError(f"the form {form!r} of {name} has no place in SQL")
        return self._quoted_as_of_old(name, value)

    def _quoted_as_of_old(self, name, value):
        if isinstance(value, list):
            return _quoted(value)
        return _quoted(value) if name in self.many else value.replace("'", "''")

    def _with_macros(self, sql):
        def evaluated(found):
            name, arguments = found[1], [a.strip(" ") for a in found[2].split(",")]
            # Grafana looks at the first place where the same call stands, not at this one.
            after = sql[sql.index(found[0]) + len(found[0]) :]
            if name == "__timeGroup" and after.startswith(","):
                name = "__timeGroupAlias"
            return self._macro(name, arguments)

        return _MACRO.sub(evaluated, sql)

    def _macro(self, name, arguments):
        since, until = _rfc3339(self.since), _rfc3339(self.until)
        match name:
            case "__timeFilter":
                return f"{arguments[0]} BETWEEN '{since}' AND '{until}'"
            case "__timeFrom":
                return f"'{since}'"
            case "__timeTo":
                return f"'{until}'"
            case "__time":
                return f'{arguments[0]} AS "time"'
            case "__timeGroup":
                seconds = _seconds(arguments[1].strip("'"))
                return f"floor(extract(epoch from {arguments[0]})/{seconds})*{seconds}"
            case "__timeGroupAlias":
                return self._macro("__timeGroup", arguments) + ' AS "time"'
        raise GrafanaError(f"unknown macro {name!r}")


def _quoted(value):
    values = value if isinstance(value, list) else [value]
    return ",".join("'" + v.replace("'", "''") + "'" for v in values)


def _seconds(interval):
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", interval).groups()
    return int(number) * _SECONDS[unit]


def _rfc3339(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
