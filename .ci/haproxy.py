"""HAProxy, of Debian, with the configuration that the guide shows."""

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
    """An HAProxy of its own before the servers on these three ports, while in a `with` statement."""

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
            raise Failure(f"{failure}; it says: {alerts[0] if alerts else 'nothing'}") from None
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.stderr.close()
        self.folder.cleanup()

    def _with_own_addresses(self, text):
        """The configuration for loopback: each address in it is replaced, which has to be there once, and nothing else."""
        addresses = {
            "10.0.0.10:9092": f"127.0.0.1:{self.port}",
            **{f"10.0.0.1{place}:9092": f"127.0.0.1:{port}" for place, port in enumerate(self.server_ports, 1)},
            "/run/haproxy/audiosocket.sock": str(self.control),
        }
        for address, own in addresses.items():
            if text.count(address) != 1:
                raise Failure(f"{CONFIGURATION.name} has {address} {text.count(address)} times, not once")
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
        """What HAProxy answers to a command on its runtime socket."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.control))
            control.sendall(text.encode() + b"\n")
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def servers(self):
        """What HAProxy knows of each server: by its name, the columns of `show stat`."""
        rows = csv.DictReader(self.command("show stat").lstrip("# ").splitlines())
        return {row["svname"]: row for row in rows if row["svname"] in SERVERS}

    def wait_for_states(self, *states):
        """Waits until the servers are in these states, each as HAProxy says it: UP, DOWN, DRAIN."""
        wait_until(
            lambda: [row["status"].split()[0] for row in self.servers().values()] == list(states),
            20, f"servers that are {', '.join(states)}",
        )
