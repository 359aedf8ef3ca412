"""Paced calls from the tool's `load` in another process: how many calls a server holds, and the cost of each."""
import json
import subprocess

from page import Table, Target
from programs import TOOL, Server, echo_server

GROWTH = [1, 10, 100, 500, 1000, 2000]
CROWDS = [100, 500, 1000]
# The next crowds, as long as a server holds them.
STEP = 250
FAULTS = ["refused", "ended_early", "not_closed", "lost", "corrupt", "doubled", "out_of_order", "crossed", "unexpected"]
P99_LIMIT_MS = 20


def tables(tiny, peers, most):
    servers = {"ours, call layer": echo_server}
    servers |= {name: lambda program=program: Server(program) for name, program in peers.items()}
    crowds, growth, seconds = ([5], [1, 5], 1) if tiny else (CROWDS, GROWTH, 5)
    table = Table(
        "Paced echo calls, with the load on the same machine",
        "server", "calls", "lost", "other faults", "round trip p50, ms", "p90", "p99", "late load p99, ms", "behind, ms", "% of a core per call", "KiB per call", "MiB in total",
        shows_not="a network, and the kernel's memory for each connection. Each row is one run. A run that lost a frame or was too slow was repeated, and "
        "the better one is shown. CPU and memory are those of the server alone; memory is its peak. The load takes more CPU than the server, "
        "from the same cores. Late load is how late frames were sent. A load that was behind sent less than 50 frames per second, so the machine "
        "was too busy for this measurement.",
    )
    most_held = Table(
        f"Most calls held: nothing wrong, p99 under {P99_LIMIT_MS} ms, the load not behind",
        "server", "calls", "the next step",
        shows_not=f"how many calls a server would hold on a machine of its own. The steps beyond {crowds[-1]} are {STEP} calls, up to {most}.",
    )
    for name, start in servers.items():
        is_ours = name.startswith("ours")
        runs = {}
        for calls in sorted({*crowds, *(growth if is_ours else ())}):
            runs[calls] = Run(start, calls, seconds)
        calls = crowds[0]
        held, fell = 0, "not tried"
        # The fixed crowds come first, then larger ones in steps.
        while calls in crowds or (calls <= most and not tiny):
            runs[calls] = run = runs.get(calls) or Run(start, calls, seconds)
            if not run.is_held():
                fell = run.why_not()
                break
            held = calls
            calls = next((crowd for crowd in crowds if crowd > calls), calls + STEP)
        for calls, run in sorted(runs.items()):
            target = None
            if is_ours and calls == 1000:
                is_met = run.wrong == 0 and run.mib <= 20
                target = Target("0 lost, <= 20 MiB", f"{run.summary['lost']} lost, {run.mib:.1f} MiB", is_met)
            table.row(name, *run.cells(), target=target)
        most_held.row(name, held, fell)
    return [table, most_held]


def place_calls(address, calls, seconds):
    """Runs the load and returns its report. The load fails if the server fails."""
    command = [str(TOOL), "load", address, "--calls", str(calls), "--seconds", str(seconds), "--json"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    lines = answer.stdout.splitlines()
    if not lines:
        raise SystemExit(f"bench/run: the load of {calls} calls failed: {answer.stderr.strip()}")
    return json.loads(lines[-1])


class Run:
    """The better of up to two runs."""

    def __init__(self, start, calls, seconds):
        self.calls = calls
        self.seconds = seconds
        self.measure(start)
        if not self.is_held():
            first = dict(vars(self))
            self.measure(start)
            if not self.is_held() and (first["wrong"], first["p99"]) < (self.wrong, self.p99):
                vars(self).update(first)

    def measure(self, start):
        with start() as server:
            empty_kib = server.status("VmRSS")
            cpu_before = server.cpu_seconds()
            self.summary = place_calls(server.address, self.calls, self.seconds)
            cpu = server.cpu_seconds() - cpu_before
            peak_kib = server.status("VmHWM")
        self.wrong = sum(self.summary[fault] for fault in FAULTS)
        self.p99 = self.summary.get("rtt_ms_p99", float("inf"))
        self.behind_ms = self.summary["behind_ms"]
        self.cpu_percent = 100 * cpu / (self.calls * self.seconds)
        self.kib_a_call = (peak_kib - empty_kib) / self.calls
        self.mib = peak_kib / 1024

    def is_held(self):
        return self.wrong == 0 and self.p99 < P99_LIMIT_MS and self.behind_ms == 0

    def why_not(self):
        wrong = ", ".join(f"{self.summary[fault]} {fault.replace('_', ' ')}" for fault in FAULTS if self.summary[fault])
        return f"{self.calls}: {wrong or 'nothing wrong'}, p99 {self.p99:.1f} ms, load behind {self.behind_ms:.0f} ms"

    def cells(self):
        summary = self.summary
        times = (summary.get(f"rtt_ms_{name}", float("inf")) for name in ("p50", "p90", "p99"))
        return [
            self.calls, summary["lost"], self.wrong - summary["lost"], *(f"{time:.2f}" for time in times),
            f"{summary.get('late_ms_p99', float('inf')):.1f}", f"{self.behind_ms:.0f}", f"{self.cpu_percent:.3f}", f"{self.kib_a_call:.1f}", f"{self.mib:.1f}",
        ]
