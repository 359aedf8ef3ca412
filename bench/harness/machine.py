"""The machine of the measurements."""
import datetime
import gzip
import os
import platform
import subprocess
from pathlib import Path

from programs import ROOT, has, output_of


def describe():
    return [
        f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, commit {commit()}",
        f"{os.cpu_count()} cores of {cpu_model()}, {memory_gib():.1f} GiB",
        f"Linux {platform.release()}, HZ {ticks_of_kernel()}; load average at the start: {os.getloadavg()[0]:.1f}",
        f"{output_of('rustc', '--version').strip()}; Python {platform.python_version()}; "
        + (output_of("go", "version").strip().removeprefix("go version ") if has("go") else "no Go"),
    ]


def commit():
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def ticks_of_kernel():
    """Returns the kernel's HZ from its configuration, or "unknown". The kernel rounds the time-outs of sockets to it."""
    for path, read in (("/proc/config.gz", gzip.open), (f"/boot/config-{platform.release()}", open)):
        try:
            with read(path, "rt") as text:
                for line in text:
                    if line.startswith("CONFIG_HZ="):
                        return line.partition("=")[2].strip()
        except OSError:
            continue
    return "unknown"
