"""The programs `arrival` and `lateness`, with fewer rounds."""
import os
import re
import statistics

from page import Table, Target
from programs import RELEASE, output_of

NUMBER = r"\s+([\d.]+|NaN)"


def tables(tiny):
    return [arrival([5] if tiny else [1000]), lateness([2] if tiny else [200, 1000], tiny)]


def arrival(crowds):
    table = Table(
        "A crowd of connections, three times",
        "server", "calls", "overflows of the backlog", "slowest connection, ms", "all served, s", "KiB per call, idle", "talking",
        shows_not="the cause of a rare overflow: each is one connection of thousands, and the bare loop has some too. Bare accept only accepts. Bare "
        "threads echo, with one thread for each connection, and are the limit for a server with threads.",
    )
    bare = {}
    text = output_of(RELEASE / "arrival", *crowds)
    line = re.compile(r"(audiosocket|bare accept|bare threads)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+) ms\s+([\d.]+) s" + NUMBER * 2)
    generations = {}
    for server, calls, _, *figures in line.findall(text):
        generations.setdefault((server, int(calls)), []).append(figures)
    for (server, calls), figures in generations.items():
        overflows, slowest, served, idle, talking = (list(column) for column in zip(*figures))
        target = None
        all_overflows, mib = sum(map(int, overflows)), float(talking[-1]) * calls / 1024
        if server != "audiosocket":
            bare[server] = all_overflows
        elif calls == 1000:
            target = Target(
                "<= 20 MiB in the third generation, no more overflows than bare accept or bare threads",
                f"{mib:.1f} MiB, {all_overflows} beside {bare['bare accept']} and {bare['bare threads']}",
                mib <= 20 and all_overflows <= max(bare.values()),
            )
        cells = (" ".join(column) for column in (overflows, slowest, served, idle, talking))
        table.row(server, calls, *cells, target=target)
    return table


def lateness(crowds, tiny):
    table = Table(
        "Lateness of playback and of the caller's audio",
        "server, callers", "calls", "playback late: p50, ms", "p99", "worst", "gaps", "received late: p50, ms", "p99", "cores",
        shows_not="all rounds: the figures are those of the least disturbed round, the targets are medians over the rounds. Bare threads that sleep and "
        "write are the limit. A thousand calls in which both sides talk are not measured: with their load, they exceed two cores.",
    )
    environment = os.environ | {"LATENESS_SECONDS": "1" if tiny else "4"}
    text = ""
    for calls in crowds:
        callers = {"LATENESS_CALLERS": "silent"} if calls >= 1000 else {}
        rounds = 1 if tiny else 3 if calls >= 1000 else 2
        text += output_of(RELEASE / "lateness", "--rounds", rounds, calls, env=environment | callers)
    line = re.compile(r"(\d+)\s+(silent|talking)\s+(bare: sleep|bare: and read|two threads|one thread)" + NUMBER * 8)
    rounds = {}
    for calls, callers, server, *figures in line.findall(text):
        rounds.setdefault((int(calls), callers, server), []).append(figures)

    def times(key, bare):
        """Returns the median, over the rounds, of the ratio of the p99 to that of these bare threads."""
        pairs = zip(rounds[key], rounds[key[:2] + (bare,)])
        return statistics.median(float(ours[1]) / float(limit[1]) for ours, limit in pairs)

    for key, figures in rounds.items():
        calls, callers, server = key
        p50, p99, worst, gaps, heard50, heard99, _, cores = min(figures, key=lambda figures: float(figures[1]))
        target = None
        if calls >= 200 and server in ("two threads", "one thread"):
            ratio = times(key, "bare: sleep")
            # This is the limit for a server that must read the caller's audio or notice a hangup.
            text = f"{ratio:.2f}; {times(key, 'bare: and read'):.2f} times bare: and read"
            target = Target("p99 <= 1.5 times bare: sleep", text, ratio <= 1.5)
        cells = (text.replace("NaN", "") for text in (p50, p99, worst, gaps, heard50, heard99, cores))
        table.row(f"{server}, {callers}", calls, *cells, target=target)
    return table
