"""The program `streams`: the CPU time of an echo at full speed and in bursts, and its system calls."""
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from page import Table, Target, at_most
from programs import RELEASE, has, leave_out, output_of

STREAMS = RELEASE / "streams"
NAMES = {
    "raw": "limit: read and write raw bytes, 4 KiB",
    "raw-64k": "the same, 64 KiB",
    "std": "plain std: read_exact twice, write_all",
    "frames": "FrameReader and FrameWriter",
    "batch": "the same, in batches",
    "call": "the call layer",
    "go-echo": "Go net",
    "asyncio_echo.py": "Python asyncio",
}
WINDOWS = {"-": "in memory", "1": "one frame, then its echo", "12": "12 at once", "50": "50 at once", "full": "without waiting"}
OURS = ("frames", "batch", "call")


def tables(tiny, peers):
    return [speed(tiny, peers), *system_calls(tiny)]


def speed(tiny, peers):
    table = Table(
        "An echo on 8 connections",
        "frames are sent", "by", "frames per second", "us of CPU per frame", "p10", "p90",
        shows_not="paced calls, where waking up for each frame is the main cost (see the tables of calls). CPU is that of the server alone, user and "
        "system. In memory, the peer is a vector. With one frame at a time, waking up costs more than everything else, so a batch saves nothing. "
        "It saves system calls in bursts.",
    )
    rounds, seconds = (1, 0.05) if tiny else (3, 0.5)
    rows = [line.split() for line in output_of(STREAMS, rounds, seconds, *peers.values()).splitlines()[1:]]
    costs = {(window, name): float(cost) for _, window, name, _, cost, *_ in rows}
    for _, window, name, frames_a_second, *figures in rows:
        target = None
        if window == "full" and name in OURS:
            limit = costs[window, "raw"] or 1e-9
            target = at_most(1.3, costs[window, name] / limit, " times the limit")
        table.row(WINDOWS[window], NAMES[name], frames_a_second, *figures, target=target)
    return table


def system_calls(tiny):
    if not has("strace"):
        leave_out("system calls per frame", "there is no `strace`")
        return []
    table = Table(
        "System calls per echoed frame",
        "frames are sent", "by", "system calls per frame",
        shows_not="the cost of the calls. strace counted them in two runs of different lengths. The table uses the difference, so the start and the end of "
        "a server do not count. System calls that a server makes by the clock do count.",
    )
    counts = (10, 20) if tiny else (100, 200)
    cases = [
        (pace, kind, [window, *("paced",) * (pace == "paced")])
        for pace, window in (("paced", 1), ("50 at once", 50))
        for kind in ("raw", "std", *OURS)
    ]
    # Other load on the machine does not change counts.
    with ThreadPoolExecutor(5) as together:
        figures = together.map(lambda case: a_frame(case[1], case[2], counts), cases)
        for (pace, kind, _), figure in zip(cases, figures):
            target = None
            if pace == "paced" and kind in OURS:
                target = Target("2", f"{figure:.2f}", figure < 2.05)
            table.row(pace, NAMES[kind], f"{figure:.2f}", target=target)
    return [table]


def a_frame(kind, window, windows):
    (calls, frames), (more_calls, more_frames) = (traced(kind, window, count) for count in windows)
    return (more_calls - calls) / (more_frames - frames)


def traced(kind, window, windows):
    """Returns the system calls and frames of a run of `windows` windows on each of five connections."""
    size, *pace = window
    with TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        server = subprocess.Popen(
            ["strace", "-c", "-f", "-o", counts, STREAMS, "--serve", kind, "5"], stdout=subprocess.PIPE, text=True
        )
        address = server.stdout.readline().removeprefix("listening on ").strip()
        frames = output_of(STREAMS, "--load", address, kind, 5, size, size * windows, *pace)
        server.communicate(timeout=20)
        total = next(line.split() for line in counts.read_text().splitlines() if line.endswith(" total"))
        return int(total[3]), int(frames)
