"""Real calls to the programs of examples/, which report in lines of text."""

import collections
import contextlib
import pathlib
import re
import tempfile
import uuid

from failure import Failure
from sound import FRAME_SECONDS, QUIET_SECONDS, TONE_SECONDS, expect_unbroken_tone, read_wav, silence, tone, write_wav

ANY_PORT = "127.0.0.1:0"
RATE = 8000

# The prompt must last longer than a far leg takes to play its own tone and to press keys.
LONG_PROMPT_SECONDS = 20.0

# The beep of examples/recorder.rs: 0.3 s of 1000 Hz.
BEEP = [0, 5657, 8000, 5657, 0, -5657, -8000, -5657] * 300

# uuid; log_start: a Lab.log_size() from before the call
ExampleCall = collections.namedtuple("ExampleCall", "uuid log_start")


@contextlib.contextmanager
def running(lab, name, *arguments, under=()):
    """A context manager that runs an example. Raises Failure if the example ends early or complains."""
    with lab.example(name, *arguments, under=under) as server:
        try:
            yield server
        except Failure as failure:
            raise Failure(f"{failure}{server.last_words()}") from None
        if server.process.poll() is not None:
            raise Failure(f"`{name}` ended early with exit code {server.process.returncode}{server.last_words()}")
        if server.last_words():
            raise Failure(f"`{name}` complains{server.last_words()}")


@contextlib.contextmanager
def prompt(seconds):
    """A context manager for a WAV file of tone between silence. Yields the file's path and samples."""
    samples = silence(QUIET_SECONDS, RATE) + tone(seconds, RATE) + silence(QUIET_SECONDS, RATE)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "prompt.wav"
        write_wav(path, samples, RATE)
        yield str(path), samples


def place(lab, scenario, server, *more):
    call = ExampleCall(str(uuid.uuid4()), lab.log_size())
    lab.call(scenario, server.port, call.uuid, *more)
    return call


def heard(lab, scenario, call):
    """Returns the audio that the far leg received at 8 kHz, without silence: see sound_of()."""
    samples, rate = lab.recording(call.log_start, scenario, call.uuid)
    if rate != RATE:
        raise Failure(f"recorded at {rate} Hz")
    return sound_of(samples)


def sound_of(samples):
    """Returns the samples that are not zero. A recording has silence wherever audio was late, so silence proves nothing. Nothing
    resamples 8 kHz audio, so every other sample must be as played."""
    return [sample for sample in samples if sample]


def expect_equal(what, samples, expected):
    """Raises Failure with the first difference, if there is one."""
    if samples != expected:
        pairs = zip(samples, expected)
        place = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(samples), len(expected)))
        raise Failure(f"{what}: {len(samples)} samples received, {len(expected)} played, with the first difference at sample {place}")


def expect_dialplan_went_on(lab, call):
    if not lab.dialplan_went_on(call.log_start, call.uuid):
        raise Failure(f"the dialplan did not continue after call {call.uuid}")


# ---- the checks ------------------------------------------------------------------------------------------------------


def repeats_tone(lab, scenario, last_line, name, *arguments):
    """The far leg receives its whole tone again. The second argument is the line that the example prints at the end, or None."""
    with running(lab, name, *arguments) as server:
        call = place(lab, scenario, server)
        seconds = expect_unbroken_tone(*lab.recording(call.log_start, scenario, call.uuid), TONE_SECONDS)
        if last_line:
            server.wait_for_line(f"{call.uuid} {last_line}")
    return f"tone unbroken {seconds:.2f} s" + (f"; {last_line}" if last_line else "")


def announces(lab, scenario):
    """The far leg receives the whole announcement, and the dialplan continues."""
    with prompt(TONE_SECONDS) as (path, samples), running(lab, "announcement", path, ANY_PORT) as server:
        call = place(lab, scenario, server)
        expect_dialplan_went_on(lab, call)
        expect_equal("the announcement", heard(lab, scenario, call), sound_of(samples))
    return f"received all {len(samples) / RATE:.2f} s, every sample; the dialplan continued"


def stops_announcing(lab, scenario, key):
    """A key stops the announcement. The audio received and the unplayed audio make up the whole, and the dialplan continues."""
    with prompt(LONG_PROMPT_SECONDS) as (path, samples), running(lab, "announcement", path, ANY_PORT) as server:
        call = place(lab, scenario, server, key)
        number, unit = server.wait_for_line(rf"{call.uuid} stopped it, ([\d.]+)(s|ms) unplayed", 20).groups()
        unplayed = float(number) / (1000 if unit == "ms" else 1)
        expect_dialplan_went_on(lab, call)
        played = len(samples) - round(unplayed * RATE)
        expect_equal("the announcement until the key", heard(lab, scenario, call), sound_of(samples[:played]))
    return f"received {played / RATE:.2f} s, every sample, {unplayed:.2f} s unplayed; the dialplan continued"


def collects_digits(lab, scenario, typed):
    """Callers press keys during the prompt. The menu stops its prompt and prints each caller's number, and the dialplan
    continues. `typed` has the number for each scenario's keys."""
    with prompt(LONG_PROMPT_SECONDS) as (path, samples), running(lab, "menu", path, ANY_PORT) as server:
        calls = {keys: place(lab, scenario, server, keys) for keys in typed}
        for keys, call in calls.items():
            number = server.wait_for_line(f"{call.uuid}: (.*)", 20)[1]
            if number != typed[keys]:
                raise Failure(f"the menu prints {number or 'no number'} for {keys}, expected {typed[keys]}")
            expect_dialplan_went_on(lab, call)
            whole, part = sound_of(samples), heard(lab, scenario, call)
            if not part:
                raise Failure("the far leg received nothing of the prompt")
            expect_equal("the prompt until the key", part, whole[: min(len(part), len(whole) - 1)])
    return "; ".join(f"{keys} is {number}" for keys, number in typed.items()) + "; the dialplan continued each time"


# A slow disk: each write() takes 1 s, while sockets are written with send(). -D: the process that is killed is the example.
SLOW_DISK = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "-e", "inject=write:delay_enter=1000000")


def records(lab, scenario, under=(), while_writing=lambda server: None):
    """The recorder's file has the caller's tone on the left and the beep on the right; # ends it, and the dialplan continues."""
    with tempfile.TemporaryDirectory() as folder, running(lab, "recorder", folder, ANY_PORT, under=under) as server:
        call = place(lab, scenario, server, "#")
        expect_dialplan_went_on(lab, call)
        while_writing(server)
        path = f"{folder}/{call.uuid}.wav"
        server.wait_for_line(re.escape(path), 60)
        samples, rate = read_wav(pathlib.Path(path), channels=2)
        if rate != RATE:
            raise Failure(f"{path} has {rate} Hz")
        expect_equal("left", sound_of(samples[0::2]), sound_of(tone(TONE_SECONDS, RATE)))
        expect_equal("right", sound_of(samples[1::2]), sound_of(BEEP))
        expect_equal("the beep", heard(lab, scenario, call), sound_of(BEEP))
    seconds = len(samples) / 2 / RATE
    # The key comes 0.6 s after the tone. If the call waited for a slow disk, the key would be read ten seconds later.
    if seconds > TONE_SECONDS + 4:
        raise Failure(f"the recording lasts {seconds:.2f} s: the call waited for the disk")
    return f"{seconds:.2f} s; the tone on the left and the beep on the right, every sample; the dialplan continued"


def records_on_slow_disk(lab, scenario):
    """Records to a disk that takes 1 s for each write. The call ends while most of its recording is not written yet."""
    def expect_unwritten(server):
        if len(server.lines) > 1:
            raise Failure("the recording was complete at the end of the call, so the disk is not slow")

    return records(lab, scenario, SLOW_DISK, expect_unwritten)


def takes_message(lab, scenario, greeting_seconds):
    """The voicemail plays a short greeting, records the caller's tone until #, plays it back, and keeps it on 1."""
    with (
        prompt(greeting_seconds) as (path, samples),
        tempfile.TemporaryDirectory() as folder,
        running(lab, "voicemail", path, folder, ANY_PORT) as server,
    ):
        call = place(lab, scenario, server, "#1")
        expect_dialplan_went_on(lab, call)
        file = f"{folder}/{call.uuid}.wav"
        server.wait_for_line(re.escape(file), 20)
        recorded, rate = read_wav(pathlib.Path(file), channels=2)
        message = sound_of(recorded[0::2])
        sent = sound_of(tone(TONE_SECONDS, RATE))
        if rate != RATE or len(message) < len(sent) / 2:
            raise Failure(f"the message has {len(message)} samples at {rate} Hz")
        # The caller's audio during the greeting is not a part of the message.
        expect_equal("the message", message, sent[-len(message):])
        greeting = sound_of(samples)
        back = heard(lab, scenario, call)
        expect_equal("the greeting", back[: len(greeting)], greeting)
        played = back[len(greeting) :]
        expect_equal("the message played back until the key", played, message[: len(played)])
    return f"{len(message) / RATE:.2f} s of tone kept, {len(played) / RATE:.2f} s played back; the dialplan continued"


def reverses_seconds(lab, scenario):
    """Each second of the far leg's audio comes back reversed.

    Asterisk drops some frames of the silence ahead of the first tone while it sets up the call, so the server's seconds can start
    at one of a few positions. From that position on, every sample must be equal: no frame is lost, doubled or moved. The last
    second may be cut, because the far leg hangs up.
    """
    tone3s = silence(QUIET_SECONDS, RATE) + tone(TONE_SECONDS, RATE) + silence(QUIET_SECONDS, RATE)
    sent = tone3s * 3
    with running(lab, "two_threads", ANY_PORT) as server:
        call = place(lab, scenario, server)
        lab.wait_for_log(call.log_start, lab.FAR_LEG_OVER, call.uuid, seconds=30)  # the call takes 12 s
        back = heard(lab, scenario, call)
    for lost in range(round(QUIET_SECONDS / FRAME_SECONDS) + 1):
        arrived = sent[lost * round(FRAME_SECONDS * RATE) :]
        whole_seconds = range(0, len(arrived) - RATE + 1, RATE)
        *all_but_last, last = [sound_of(reversed(arrived[start : start + RATE])) for start in whole_seconds]
        least = sum(all_but_last, [])
        if len(back) >= len(least) and back == (least + last)[: len(back)]:
            return f"{len(back)} samples of tone came back, each second reversed; {lost} frames of silence lost before"
    raise Failure(f"{len(back)} samples of tone came back, which are not the seconds sent, each reversed")


def answers_keys(lab, scenario, keys):
    """The server plays 0.1 s of the ASCII code of each key except #, the last, and hangs up on #. The dialplan continues."""
    with running(lab, "test_your_server", ANY_PORT) as server:
        call = place(lab, scenario, server, keys)
        expect_dialplan_went_on(lab, call)
        expect_equal("the answers", heard(lab, scenario, call), [ord(key) for key in keys[:-1] for _ in range(RATE // 10)])
    return f"{keys[:-1]} answered, # hung up; the dialplan continued"


BRIDGED = "over: exit status: 0, 0 frames missed"

# These cases are part of CASES in .ci/asterisk.
CASES = [
    ("app-play/echo", repeats_tone, None, "echo", ANY_PORT),
    ("app-play/bridge", repeats_tone, BRIDGED, "bridge", ANY_PORT, "cat"),
    ("slin-play/bridge", repeats_tone, BRIDGED, "bridge", ANY_PORT, "cat"),
    ("app-record/announcement", announces),
    ("gslin-record/announcement", announces),
    ("app-keys/announcement", stops_announcing, "5"),
    ("app-keys/menu", collects_digits, {"42#": "42", "1234567": "123456"}),
    ("app-keys/recorder", records),
    ("app-keys/recorder-slow-disk", records_on_slow_disk),
    ("app-keys/voicemail", takes_message, 0.2),
    ("app-play10/two_threads", reverses_seconds),
    ("app-keys/test_your_server", answers_keys, "1#"),
]
