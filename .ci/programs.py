"""Builds the project's programs and installs Debian's."""

import os
import shutil
import subprocess

from failure import Failure

os.environ["PATH"] += ":/usr/sbin"  # Debian's haproxy is there, which only root has in its PATH


def build(folder, program):
    """Builds a program of the package in this folder, and returns its path."""
    return _build(folder, program)


def build_examples(folder):
    """Builds the examples of the package in this folder, and returns the path of their folder."""
    return _build(folder, "examples", "--examples")


def _build(folder, result, *options):
    command = ["cargo", "build", "--release", "--quiet", *options]
    if subprocess.run(command, cwd=folder, timeout=900).returncode != 0:
        raise Failure(f"{' '.join(command)} failed in {folder}")
    path = folder / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / result
    if not path.exists():
        raise Failure(f"cargo built no {path}")
    return str(path)


def install(programs):
    """Installs missing programs with apt-get. `programs` maps each program to its package."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise Failure(f"{', '.join(missing)}: not installed, and there is no apt-get to install it")
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "-q", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Failure(f"{', '.join(missing)}: not installed, and apt-get cannot install it: {reason}")
