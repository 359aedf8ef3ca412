"""The program `memory`: frames in memory, and its instructions under callgrind."""
import re
import subprocess

from page import Table, at_least, at_most
from programs import RELEASE, TARGET, has, leave_out, output_of

NAMES = {
    "limit": "the limit",
    "ours": "ours",
    "ours-typed": "ours, typed",
    "ivan770": "audiosocket 1.0.0",
    "ivan770-typed": "audiosocket 1.0.0, typed",
    "tokio-util": "tokio-util's length-delimited codec",
}


def tables(tiny):
    return [
        *timing(TARGET / "default-release" / "memory", "as cargo builds by default", tiny, has_targets=True),
        *timing(RELEASE / "memory", "with lto and one codegen unit", tiny, has_targets=True),
        *instructions(tiny),
    ]


def timing(program, build, tiny, has_targets):
    table = Table(
        f"In memory, {build}",
        "work, payload", "by", "ns per frame", "p10", "p90",
        shows_not="the cost of receiving the bytes, which is a hundred times as high. The limit of parsing is a walk over the headers, that of encoding a "
        "copy of the frame's bytes, and that of samples a sum of byte pairs. audiosocket 1.0.0 does not return the end of a frame. It gets the "
        "frame's boundaries for free, so its figures exclude the walk over the headers, which is most of the limit's time. tokio-util's codec "
        "writes no kind before the length, so it is not in the rows for encoding.",
    )
    rounds = 5 if tiny else 200
    measured = {}
    for line in output_of(program, rounds).splitlines()[1:]:
        operation, length, name, *figures = line.split()
        measured[operation, length, name] = figures
    for (operation, length, name), figures in sorted(measured.items(), key=lambda item: order(item[0])):
        if figures == ["answers", "wrong"]:
            table.row(f"{operation}, {length}", NAMES[name], "wrong result", "", "")
            continue
        target = None
        if has_targets and length == "320" and name.startswith("ours"):
            target = target_of(operation, name, lambda other: float(measured[operation, length, other][0]))
        table.row(f"{operation}, {length}", NAMES[name], *figures, target=target)
    return [table]


def order(key):
    operation, length, name = key
    return ["parse", "encode", "samples"].index(operation), int(length), list(NAMES).index(name)


def target_of(operation, name, median):
    if operation == "parse" and name == "ours-typed":
        return at_least(3, median("ivan770-typed") / median(name), " times as fast as audiosocket 1.0.0, typed, which gets the frame boundaries for free")
    if operation in ("parse", "encode"):
        return at_most(1.2, median(name) / median("limit"), " times the limit")
    return None


def instructions(tiny):
    if not has("valgrind"):
        leave_out("instructions per frame", "there is no `valgrind`")
        return []
    table = Table(
        "Instructions per frame of 320 bytes, as cargo builds by default",
        "work", "by", "instructions",
        shows_not="time. callgrind counts instructions, so the result does not depend on the run.",
    )
    few, many = (1, 3) if tiny else (10, 110)
    for operation, names in (("parse", ["limit", "ours", "ours-typed"]), ("encode", ["limit", "ours"]), ("samples", ["limit", "ours"])):
        for name in names:
            (frames, count), (more_frames, more) = (counted(operation, name, inputs) for inputs in (few, many))
            table.row(operation, NAMES[name], f"{(more - count) / (more_frames - frames):.1f}")
    return [table]


def counted(operation, name, inputs):
    """Returns the number of frames processed and the number of instructions, including the program's start."""
    program = TARGET / "default-release" / "memory"
    answer = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--count", operation, name, "320", str(inputs)],
        capture_output=True, text=True, check=True,
    )
    return int(answer.stdout), int(re.search(r"Collected : (\d+)", answer.stderr)[1])
