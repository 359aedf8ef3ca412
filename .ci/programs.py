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


def install_python_package(name, folder):
    """Installs a package of PyPI into an environment in that folder, unless Python has it; returns the programs' folder to look
    for python3 in first, or None."""
    if subprocess.run(["python3", "-c", f"import {name}"], stderr=subprocess.DEVNULL, timeout=60).returncode == 0:
        return None
    commands = [["bin/pip", "install", "--quiet", name]]
    if not (folder / "bin" / "pip").exists():
        commands.insert(0, ["python3", "-m", "venv", "."])
        folder.mkdir(parents=True, exist_ok=True)
    for program, *arguments in commands:
        program = program if program == "python3" else str(folder / program)
        done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            reason = ((done.stderr or done.stdout).strip().splitlines() or ["no reason given"])[-1]
            raise Failure(f"{name}: not installed, and {program} cannot install it: {reason}")
    return str(folder / "bin")


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
