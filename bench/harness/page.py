"""The page with the tables: goals beside results."""
from programs import dropped_frames


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
        "Written by `bench/run`, and only by it. Each figure is comparable with those of its own table, which were taken in turn",
        "within the same minutes, but for paced calls, one server after the other. The machine is shared, so the next run differs.",
        "How each was taken is in the README beside this.\n",
        *(f"- {line}" for line in machine),
        f"- {minutes:.1f} minutes in all\n",
        "## What was to be reached\n",
        *row_lines(["table", "row", "target", "measured", ""], "---"),
    ]
    for table in tables:
        for cells, target in table.rows:
            if target:
                verdict = "met" if target.is_met else "**missed**"
                row = ", ".join(cell for cell in cells[:2] if cell and not is_number_with_point(cell))
                lines.append(f"| {table.title} | {row} | {target.text} | {target.value} | {verdict} |")
    lines.append("| - | heap allocations a frame, both directions | 0 | proven by `tests/no_alloc.rs` | |")
    lines.append("| - | std, heap or a panic in `wire` and `tone` | none | proven by `tests/linking/prove` | |")
    lines.append("")
    for table in tables:
        lines.extend(table.lines())
    if dropped_frames:
        lines.append("## Left out\n")
        lines.extend(f"- {what}: {why}" for what, why in dropped_frames)
    return "\n".join(lines).rstrip() + "\n"


def is_number_with_point(text):
    return text.replace(".", "", 1).isdigit() and "." in text
