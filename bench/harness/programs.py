"""Builds, starts and observes the measured programs."""
import os
import shutil
import subprocess
import threading
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or BENCH / "target").resolve()
RELEASE = TARGET / "release"
TOOL = RELEASE / "audiosocket"
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

# The measurements left out, and why.
left_out = []


def leave_out(what, why):
    left_out.append((what, why))
    print(f"  left out: {what}: {why}", flush=True)


def output_of(*command, **options):
    """Runs a program and returns its output. If the program fails, this one fails."""
    command = [str(word) for word in command]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout


def has(tool):
    return shutil.which(tool) is not None


def cargo_build(*arguments, target=TARGET, cwd=ROOT):
    output_of("cargo", "build", "--quiet", *arguments, "--target-dir", target, cwd=cwd)


def build():
    cargo_build("--release", "--bins")
    cargo_build("--release", "--bins", "--manifest-path", BENCH / "Cargo.toml")
    cargo_build("--profile", "default-release", "--bin", "memory", "--manifest-path", BENCH / "Cargo.toml")


def peers():
    """Returns the servers in other languages: the names and the programs."""
    found = {"Python asyncio": BENCH / "peers" / "asyncio_echo.py"}
    if has("go"):
        program = TARGET / "go-echo"
        output_of("go", "build", "-o", program, BENCH / "peers" / "echo.go")
        found["Go net"] = program
    else:
        leave_out("Go", "there is no `go` (apt-get install golang-go)")
    return found


class Server:
    """A context manager for a program whose first line is `listening on ADDRESS`."""

    def __init__(self, *command):
        command = [str(word) for word in command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        if not first.startswith("listening on "):
            raise RuntimeError(f"{command} does not listen: {first!r}")
        self.address = first.removeprefix("listening on ").strip()
        # Without a reader, a program with much output would block.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def cpu_seconds(self):
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        # User and system time. The split is after the name, because the name can contain spaces.
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def status(self, name):
        """Returns a number from /proc/PID/status: kilobytes, or a count."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + ":"))


def echo_server():
    return Server(RELEASE / "arrival", "--serve")
