"""The time that `audiosocket tap` adds to the round trip of paced calls. Runs alternate between direct and through the tap."""
from statistics import median

from calls import place_calls
from page import Table
from programs import TOOL, Server, echo_server


def tables(tiny):
    table = Table(
        "Through the tap",
        "calls", "directly: p50, ms", "p99", "through the tap: p50, ms", "p99", "added: p50, ms", "p99", "lost",
        shows_not="recording (`--record`). The tap, the server and the load share the cores. So with 100 calls, the p99 shows the machine more than the tap.",
    )
    crowds, rounds, seconds = ([1, 3], 1, 1) if tiny else ([1, 10, 100], 3, 2)
    for calls in crowds:
        with echo_server() as server, Server(TOOL, "tap", "--listen", "127.0.0.1:0", "--to", server.address) as tap:
            runs = [
                [place_calls(address, calls, seconds) for address in (server.address, tap.address)] for _ in range(rounds)
            ]
        times = [median(run[way].get(f"rtt_ms_{name}", float("inf")) for run in runs) for way in (0, 1) for name in ("p50", "p99")]
        added = [times[2] - times[0], times[3] - times[1]]
        lost = sum(summary["lost"] for run in runs for summary in run)
        table.row(calls, *(f"{time:.3f}" for time in [*times, *added]), lost)
    return [table]
