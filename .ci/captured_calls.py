"""Real calls, captured on loopback and recorded by the tap: `audiosocket inspect` must find the same in both."""

import contextlib
import json
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import uuid

from failure import Failure, NotPossibleHere, wait_until
from tapped_calls import tap_to

FIELDS = "tcp.stream frame.time_epoch tcp.srcport tcp.seq tcp.len tcp.flags tcp.payload".split()
# On a busy machine the tap reads late, but the kernel's time stamps are right. Up to this difference, both must have the same gaps.
TOLERANCE_MS = 20
# A gap or burst of at least this length in the capture must be in the recording too, and the reverse: a gap is longer than 60 ms,
# and frames last 20 ms.
NOTABLE_MS = 120


class PacketCapture:
    """A context manager that captures a port of 127.0.0.1 into a file. Needs root or the permission to capture."""

    def __init__(self, port, path):
        self.port, self.path = port, path

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        command = ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {self.port}", "-w", str(self.path)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(lambda: "File:" in self._printed() or self.process.poll() is not None, 10, "the start of dumpcap")
        if self.process.poll() is not None:
            raise NotPossibleHere(f"dumpcap cannot capture: {self._printed().strip().splitlines()[-1:]}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        self.log.close()

    def wait_for_all(self):
        """Waits until the file has all packets up to now. dumpcap writes them late, so this connects to the port once more and
        waits for the packets of that connection."""
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            ports = struct.pack("!HH", last.getsockname()[1], self.port)
            last.connect_ex(("127.0.0.1", self.port))
        wait_until(lambda: ports in self.path.read_bytes(), 10, "the last packet in the file")

    def _printed(self):
        self.log.seek(0)
        return self.log.read()


def compares_capture(lab, scenario, fault=None):
    """Places a call through the tap to an echo, or to a server with a fault. Capture and recording must have the same frames and
    findings, and capture and tap the same violations."""
    call_uuid = str(uuid.uuid4())
    with contextlib.ExitStack() as running:
        folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o777)  # dumpcap drops root's permissions
        server = running.enter_context(
            lab.example("faulty_server", fault) if fault else lab.serve("--echo", "--calls", "1"))
        tap = running.enter_context(tap_to(lab, server.port, "--calls", "1", "--record", str(folder)))
        path = folder / "call.pcapng"
        with PacketCapture(tap.port, path) as capture:
            lab.call(scenario, tap.port, call_uuid)
            tap.wait_for_end(30)
            capture.wait_for_all()
        captured = inspect(lab, ["-", "--uuid", call_uuid], text_of(path, tap.port))
        recorded = inspect(lab, [str(folder / f"{call_uuid}.tap")])
        violations = [judged(event) for event in tap.events("violation", call_uuid)]
    for direction in ("to-server", "to-caller"):
        found, expected = frames(captured, direction), frames(recorded, direction)
        if found != expected:
            raise Failure(f"{direction}, the capture has {len(found)} frames and the recording {len(expected)}, "
                          f"the first that differ: {next((pair for pair in zip(found, expected) if pair[0] != pair[1]), None)}, "
                          f"the last are {found[-1:]} and {expected[-1:]}")
    if contents(captured) != contents(recorded):
        raise Failure(f"the capture has {contents(captured)}, the recording {contents(recorded)}")
    lateness = clock_difference(captured, recorded)
    if lateness <= TOLERANCE_MS:
        for one, other in ((captured, recorded), (recorded, captured)):
            alone = timings(one, NOTABLE_MS) - timings(other, NOTABLE_MS - 2 * TOLERANCE_MS)
            if alone:
                raise Failure(f"only the {'capture' if one is captured else 'recording'} has {alone}")
        timed = f"{len(timings(captured, NOTABLE_MS))} kinds of gaps and bursts"
    else:
        timed = f"gaps not compared, because the tap was up to {lateness:.0f} ms late"
    found = [judged(event) for event in captured if event["event"] == "violation"]
    if found != violations:
        raise Failure(f"the capture has the violations {found}, the tap {violations}")
    if bool(fault) != bool(violations):
        raise Failure(f"the tap reports {violations}")
    names = ", ".join(rule for rule, _ in violations) or "no violation"
    count = sum(event["event"] == "frame" for event in captured)
    return f"{count} frames, {len(contents(captured))} other findings, {timed}, {names}: the same in capture and recording"


def text_of(path, port):
    """Returns the output of the tshark command that `inspect --help` shows before the pipe."""
    options = [option for field in FIELDS for option in ("-e", field)]
    done = subprocess.run(["tshark", "-r", str(path), "-Y", f"tcp.port=={port}", "-T", "fields", *options],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Failure(f"tshark exits with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def inspect(lab, arguments, text=""):
    done = subprocess.run([lab.tool, "inspect", "--json", *arguments], input=text, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Failure(f"inspect {arguments} exits with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def frames(events, direction):
    """Returns the frames of a direction without their times."""
    of_direction = (event for event in events if event["event"] == "frame" and event["direction"] == direction)
    return [{name: value for name, value in event.items() if name != "at_ms"} for event in of_direction]


def contents(events):
    """Returns the findings that do not depend on times: digits in the sound, and the first end. After it, the tap's two
    connections differ."""
    tones = [("tone", event["direction"], event["digit"]) for event in events if event["event"] == "tone"]
    ends = [(event["event"], event["direction"], event.get("name")) for event in events
            if event["event"] in ("closed", "reset") or event.get("name") == "hangup"]
    return tones + ends[:1]


def clock_difference(one, other):
    """Returns by how many milliseconds the times of the same frames differ, beyond a constant difference."""
    differences = []
    for direction in ("to-server", "to-caller"):
        times = [[event["at_ms"] for event in events if event["event"] == "frame" and event["direction"] == direction]
                 for events in (one, other)]
        differences += [first - second for first, second in zip(*times)]
    return max(differences) - min(differences)


def timings(events, least_ms):
    """Returns the kinds of the gaps and bursts of at least this length."""
    return {
        (event["event"], event["direction"], event.get("dtmf")) for event in events
        if event["event"] in ("gap", "burst", "split") and event["duration_ms"] >= least_ms
    }


def judged(event):
    """Returns a violation without its time, its position, and how far the server was ahead: these depend on timing."""
    return event["rule"], json.dumps(event["consequences"])
