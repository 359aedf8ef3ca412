"""Debian's HAProxy with the guide's configuration."""

import csv
import pathlib
import socket
import subprocess
import tempfile

from failure import Failure, wait_until

CONFIGURATION = pathlib.Path(__file__).resolve().parent.parent / "examples" / "haproxy.cfg"
SERVERS = ("one", "two", "three")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class HaProxy:
    """A context manager that runs an HAProxy in front of the servers on these three ports."""

    def __init__(self, server_ports):
        self.server_ports = server_ports
        self.port = free_port()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.control = pathlib.Path(self.folder.name) / "control.sock"
        configuration = pathlib.Path(self.folder.name) / "haproxy.cfg"
        configuration.write_text(self._with_own_addresses(CONFIGURATION.read_text()))
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], stdin=subprocess.DEVNULL,
                                        stdout=self.stderr, stderr=self.stderr)
        try:
            wait_until(self.answers, 10, "HAProxy")
        except Failure as failure:
            self.stderr.seek(0)
            alerts = [line for line in self.stderr.read().splitlines() if "[ALERT]" in line]
            self.__exit__()
            raise Failure(f"{failure}; its alert: {alerts[0] if alerts else 'nothing'}") from None
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.stderr.close()
        self.folder.cleanup()

    def _with_own_addresses(self, text):
        """Returns the configuration with addresses on loopback. Each address must occur exactly once; nothing else is changed."""
        addresses = {
            "10.0.0.10:9092": f"127.0.0.1:{self.port}",
            **{f"10.0.0.1{place}:9092": f"127.0.0.1:{port}" for place, port in enumerate(self.server_ports, 1)},
            "/run/haproxy/audiosocket.sock": str(self.control),
        }
        for address, own in addresses.items():
            if text.count(address) != 1:
                raise Failure(f"{CONFIGURATION.name} contains {address} {text.count(address)} times, expected once")
            text = text.replace(address, own)
        return text

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"HAProxy ended with exit code {self.process.returncode}")
        try:
            return bool(self.command("show info"))
        except OSError:
            return False

    def command(self, text):
        """Sends a command to HAProxy's runtime socket and returns the output."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.control))
            control.sendall(text.encode() + b"\n")
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def servers(self):
        """Returns HAProxy's state of each server: the columns of `show stat`, by the server's name."""
        rows = csv.DictReader(self.command("show stat").lstrip("# ").splitlines())
        return {row["svname"]: row for row in rows if row["svname"] in SERVERS}

    def wait_for_states(self, *states):
        """Waits until the servers are in these states, in HAProxy's words: UP, DOWN, DRAIN."""
        wait_until(
            lambda: [row["status"].split()[0] for row in self.servers().values()] == list(states),
            20, f"servers that are {', '.join(states)}",
        )
