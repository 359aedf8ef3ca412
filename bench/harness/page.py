"""The page with the tables: goals beside results."""
from programs import left_out


class Target:
    """A limit for a figure."""

    def __init__(self, text, value, is_met):
        self.text = text
        self.value = value
        self.is_met = is_met

    def __str__(self):
        return f"{self.text}: {self.value}, {'met' if self.is_met else '**missed**'}"


def at_most(limit, value, of=""):
    return Target(f"<= {limit}{of}", f"{value:.2f}", value <= limit)


def at_least(limit, value, of=""):
    return Target(f">= {limit}{of}", f"{value:.2f}", value >= limit)


class Table:
    def __init__(self, title, *columns, shows_not):
        self.title = title
        self.columns = columns
        self.shows_not = shows_not
        self.rows = []

    def row(self, *cells, target=None):
        self.rows.append(([str(cell) for cell in cells], target))

    def lines(self):
        has_targets = any(target for _, target in self.rows)
        columns = [*self.columns, "target"] if has_targets else self.columns
        yield f"## {self.title}\n"
        yield from row_lines(columns, "---")
        for cells, target in self.rows:
            yield "| " + " | ".join([*cells, *([str(target or "")] if has_targets else [])]) + " |"
        yield f"\nNot shown: {self.shows_not}\n"


def row_lines(columns, rule):
    yield "| " + " | ".join(columns) + " |"
    yield "|" + f"{rule}|" * len(columns)


def page(machine, tables, minutes):
    """Returns the text of the page."""
    lines = [
        "# Results\n",
        "`bench/run` writes this file. Compare a figure only with others of its own table: they were measured in turn, within the same",
        "minutes, except in the tables of paced calls, which measure one server after the other. The machine is shared, so the next run",
        "differs. `README.md` in this folder describes each measurement.\n",
        *(f"- {line}" for line in machine),
        f"- {minutes:.1f} minutes in total\n",
        "## Targets\n",
        *row_lines(["table", "row", "target", "measured", ""], "---"),
    ]
    for table in tables:
        for cells, target in table.rows:
            if target:
                verdict = "met" if target.is_met else "**missed**"
                row = ", ".join(cell for cell in cells[:2] if cell and not is_number_with_point(cell))
                lines.append(f"| {table.title} | {row} | {target.text} | {target.value} | {verdict} |")
    lines.append("| - | heap allocations per frame, both directions | 0 | proven by `tests/no_alloc.rs` | |")
    lines.append("| - | std, heap or a panic in `wire` and `tone` | none | proven by `tests/linking/prove` | |")
    lines.append("")
    for table in tables:
        lines.extend(table.lines())
    if left_out:
        lines.append("## Left out\n")
        lines.extend(f"- {what}: {why}" for what, why in left_out)
    return "\n".join(lines).rstrip() + "\n"


def is_number_with_point(text):
    return text.replace(".", "", 1).isdigit() and "." in text
