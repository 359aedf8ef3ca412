"""The programs `arrival` and `lateness`, in shorter form."""
import os
import re

from page import Table, Target
from programs import RELEASE, output_of

NUMBER = r"\s+([\d.]+|NaN)"


def tables(tiny):
    return [arrival([5] if tiny else [1000]), lateness([2] if tiny else [200, 1000], tiny)]


def arrival(crowds):
    table = Table(
        "A crowd arrives, three times over",
        "server", "calls", "overflows of the backlog", "slowest connection, ms", "all served, s", "KiB a call, idle", "talking",
        shows_not="a rare overflow: each is one connection of thousands, and the bare loop has them too.",
    )
    bare = {}
    text = output_of(RELEASE / "arrival", *crowds)
    line = re.compile(r"(audiosocket|bare accept)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+) ms\s+([\d.]+) s" + NUMBER * 2)
    generations = {}
    for server, calls, _, *figures in line.findall(text):
        generations.setdefault((server, int(calls)), []).append(figures)
    for (server, calls), figures in generations.items():
        overflows, slowest, served, idle, talking = (list(column) for column in zip(*figures))
        target = None
        if server == "bare accept":
            bare[calls] = sum(map(int, overflows))
        elif calls == 1000:
            all_overflows, mib = sum(map(int, overflows)), float(talking[-1]) * calls / 1024
            target = Target(
                "<= 20 MiB in the third generation, overflows as the bare loop's",
                f"{mib:.1f} MiB, {all_overflows} beside {bare[calls]}",
                mib <= 20 and all_overflows <= bare[calls],
            )
        cells = (" ".join(column) for column in (overflows, slowest, served, idle, talking))
        table.row(server, calls, *cells, target=target)
    return table


def lateness(crowds, tiny):
    table = Table(
        "How late speech leaves, and how late the caller is heard",
        "server, callers", "calls", "speech late: p50, ms", "p99", "worst", "gaps", "heard late: p50, ms", "p99", "cores",
        shows_not="more than the least disturbed of a few rounds. Bare threads that sleep and write are what can be had. With a "
        "thousand calls on which both talk, the load takes the rest of both cores.",
    )
    environment = os.environ | {"LATENESS_SECONDS": "1" if tiny else "4"}
    # A thousand calls are as much as the machine does; two hundred are disturbed by what else it does.
    text = "".join(
        output_of(RELEASE / "lateness", "--rounds", 1 if tiny or calls >= 1000 else 2, calls, env=environment) for calls in crowds
    )
    line = re.compile(r"(\d+)\s+(silent|talking)\s+(bare: sleep|bare: and read|two threads|one thread)" + NUMBER * 8)
    best = {}
    for calls, callers, server, *figures in line.findall(text):
        key = int(calls), callers, server
        best[key] = min(best.get(key, figures), figures, key=lambda figures: float(figures[1]))
    for (calls, callers, server), (p50, p99, worst, gaps, heard50, heard99, _, cores) in best.items():
        target = None
        if calls >= 200 and server in ("two threads", "one thread"):
            ratio = float(p99) / float(best[calls, callers, "bare: sleep"][1])
            # The limit where someone has to read what the caller says, or to notice a hangup.
            beside = float(p99) / float(best[calls, callers, "bare: and read"][1])
            text = f"{ratio:.2f}; {beside:.2f} times bare: and read"
            target = Target("p99 <= 1.5 times bare: sleep", text, ratio <= 1.5)
        cells = (text.replace("NaN", "") for text in (p50, p99, worst, gaps, heard50, heard99, cores))
        table.row(f"{server}, {callers}", calls, *cells, target=target)
    return table
