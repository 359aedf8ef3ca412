"""Real calls to examples/voice_bot: what it recognizes, where its playback stops, and the audio that the caller receives."""

import array
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from example_calls import expect_equal, sound_of
from failure import Failure, wait_until
from lab import HERE
from programs import build, install_python_package
from server import Server
from sound import read_wav, silence

BOT = HERE.parent / "examples" / "voice_bot"

GREETING = "plays: Hello. Say yes, no, operator, goodbye, or digits."
STILL_THERE = "plays: Are you still there?"
# The greeting lasts 6 s.
AFTER_GREETING = 8.0
DURING_GREETING = 2.0

BUILDING = threading.Lock()


@functools.cache
def built():
    """The bot, and the environment in which its helpers find what they need."""
    python = install_python_package("pocketsphinx", HERE.parent / "target" / "python")
    path = os.pathsep.join(filter(None, [python, os.environ["PATH"]]))
    return build(BOT, "voice_bot"), {**os.environ, "PATH": path}


def speech(text, rate):
    """What the bot's synthesizer makes of a text."""
    done = subprocess.run([str(BOT / "helpers" / "speak"), str(rate)], input=text.encode(), capture_output=True, timeout=60)
    if done.returncode != 0:
        raise Failure(f"helpers/speak: {done.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        # Its header states no length, because it comes from a pipe.
        path = os.path.join(folder, "speech.wav")
        subprocess.run(["sox", "-V1", "-D", "--ignore-length", "-t", "wav", "-", path], input=done.stdout, check=True, timeout=60)
        return read_wav(pathlib.Path(path))[0]


def talks_to_bot(lab, scenario, seconds, text, keys, expected):
    """The far leg is silent for this many seconds, plays the text as speech, and presses the keys. The bot prints the expected
    lines. At 8 kHz the far leg receives every sample that the bot has played."""
    rate = 8000 if scenario.startswith("app") else 16000
    call_uuid, log_start = str(uuid.uuid4()), lab.log_size()
    with BUILDING:
        program, environment = built()
    with tempfile.TemporaryDirectory() as helpers:
        for name in ("recognize", "speak"):
            os.symlink(BOT / "helpers" / name, os.path.join(helpers, name))
        result = os.path.join(helpers, "leave_result")
        with open(result, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec "{HERE}/asterisk-lab.sh" cli "database put results $1 $2"\n')
        os.chmod(result, 0o755)
        # 4 s of silence, and 30 s for a helper on a busy machine.
        command = ["env", f"PATH={environment['PATH']}", program, "127.0.0.1:0", helpers, "4", "30"]
        samples = silence(seconds, rate)
        if text:
            samples += speech(text, rate)
        if sys.byteorder == "big":
            samples.byteswap()
        suffix = "sln" if rate == 8000 else "sln16"
        (lab.recordings / f"{call_uuid}-says.{suffix}").write_bytes(samples.tobytes())
        with Server(command) as server:
            lab.call(scenario, server.port, call_uuid, *filter(None, [keys]))
            try:
                wait_until(lambda: len(told(printed(server))) >= len(expected), 60, f"{len(expected)} lines of the bot")
            except Failure as failure:
                raise Failure(f"{failure}; it has printed {printed(server)}{server.last_words()}") from None
            lines = printed(server)[:len(expected)]
            if told(lines) != expected:
                raise Failure(f"the bot prints {lines}, expected {expected}")
            # The last frames are still on their way to the far leg.
            time.sleep(1)
            lab.hang_up(call_uuid)
            if server.last_words():
                raise Failure(f"the bot complains{server.last_words()}")
    if "result: operator" in expected and scenario.startswith("app"):
        lab.wait_for_log(log_start, "result operator", call_uuid)
    heard = ""
    if scenario == "app-says":
        received, _ = lab.recording(log_start, scenario, call_uuid)
        due = played(lines, rate)
        expect_equal("the bot's audio", sound_of(received)[:len(due)], due)
        heard = f"; {len(due)} samples received, all as played"
    return f"{'; '.join(line for line in lines if not line.startswith('plays'))}{heard}"


def printed(server):
    """The bot's lines about its call, without the UUID."""
    return [line.rstrip("\n").partition(" ")[2] for line in server.lines[1:]]


def told(lines):
    """Lines without the seconds that were not played."""
    return [re.sub(r", [\d.]+ s left$", "", line) for line in lines]


def played(lines, rate):
    """What the bot has played according to its lines, without the zeros."""
    samples, text, rest = array.array("h"), array.array("h"), array.array("h")
    for line in lines:
        stopped = re.fullmatch(r"stopped by \w+, ([\d.]+) s left", line)
        if line.startswith("plays: "):
            text = speech(line.removeprefix("plays: "), rate)
        elif stopped:
            # Whole frames were sent.
            frames = round((len(text) - float(stopped[1]) * rate) / (rate // 50))
            place = frames * (rate // 50)
            samples += text[:place]
            text, rest = array.array("h"), text[place:]
        elif line == "goes on":
            text = rest
        elif line == "listens" or line.startswith("result: "):
            samples += text
            text = array.array("h")
    return sound_of(samples)


def answers(words):
    return [f"recognized: '{words}'", f"plays: You chose {words}. What else?", "listens"]


OPERATOR = ["recognized: 'operator'", "plays: I connect you to the operator.", "result: operator"]
GREETED = [GREETING, "listens"]
STOPPED = [GREETING, "stopped by voice"]
COUGHED = [*STOPPED, "recognized: ''", "goes on", "listens"]
PRESSED = [GREETING, "stopped by key", "pressed: 5", "plays: You chose 5. What else?", "listens"]
SILENT = [*GREETED, "silence", STILL_THERE, "listens", "silence", STILL_THERE, "listens", "silence",
          "plays: I cannot hear you. Goodbye.", "result: silence"]

# Like CASES of .ci/asterisk.
CASES = [
    (f"{side}-{peer}/bot-{name}", talks_to_bot, *arguments)
    for side in ("app", "slin16")
    for peer, name, *arguments in (
        ("says", "operator", AFTER_GREETING, "operator", "", [*GREETED, *OPERATOR]),
        ("says", "digits", AFTER_GREETING, "one two three", "", [*GREETED, *answers("one two three")]),
        ("says", "voice", DURING_GREETING, "yes", "", [*STOPPED, *answers("yes")]),
        ("says", "key", DURING_GREETING, "", "5", PRESSED),
        ("softecho", "echo", 0, "", "", SILENT),
        ("says", "cough", DURING_GREETING, "uh", "", COUGHED),
        ("says", "silence", 0.1, "", "", SILENT),
    )
]
