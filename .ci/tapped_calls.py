"""Real calls through `audiosocket tap`, which forwards every byte and reports what it finds."""

import collections
import contextlib
import hashlib
import pathlib
import tempfile
import uuid

from failure import Failure, wait_until
from relay import Relay
from server import Server
from sound import TONE_SECONDS, expect_unbroken_tone


# hashes: length and SHA-256 of each direction, on Asterisk's side of the tap and on the server's; recorded: length and SHA-256 of
# each direction in the tap's recording; events: the tap's events; log_start: a Lab.log_size() from before the call
Tapped = collections.namedtuple("Tapped", "uuid hashes recorded events log_start")


def tap_to(lab, port, *options):
    """Returns an `audiosocket tap` in front of the server on this port, not running yet."""
    return Server([lab.tool, "tap", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{port}", "--json", *options])


def tap_call(lab, scenario, within):
    """Places a call to a `serve --echo` through a tap, with a relay on each side of it, and returns it as a Tapped."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    with contextlib.ExitStack() as running:
        folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory()))
        server = running.enter_context(lab.serve("--echo", "--calls", "1"))
        behind = running.enter_context(Relay(server.port))
        tap = running.enter_context(tap_to(lab, behind.port, "--calls", "1", "--record", str(folder)))
        before = running.enter_context(Relay(tap.port))
        lab.call(scenario, before.port, call_uuid)
        tap.wait_for_end(within)
        server.wait_for_end(5)
        recording = (folder / f"{call_uuid}.tap").read_bytes()
        if not (folder / f"{call_uuid}.wav").exists():
            raise Failure("the tap recorded no audio")
        hashes = (before.digests()[0], behind.digests()[0])
        return Tapped(call_uuid, hashes, recorded_digests(recording), tap.events(), log_start)


def recorded_digests(recording):
    """Returns the lengths and hashes of a tap recording, in the form of Relay.digests()."""
    if recording[:8] != bytes.fromhex("8941535401000000"):
        raise Failure(f"a tap recording starts with {recording[:8].hex()}")
    pair = {b">": [0, hashlib.sha256()], b"<": [0, hashlib.sha256()]}
    place = 16
    while place < len(recording):
        counted, length = pair[recording[place:place + 1]], int.from_bytes(recording[place + 2:place + 4], "big")
        counted[0] += length
        counted[1].update(recording[place + 12:place + 12 + length])
        place += 12 + length
    return tuple((length, digest.hexdigest()) for length, digest in pair.values())


def expect_passed_on(call):
    """Checks that the tap forwarded and recorded every byte of both directions unchanged. Returns the numbers of bytes."""
    asterisks, servers = call.hashes
    if asterisks != servers:
        raise Failure(f"Asterisk's side has {asterisks}, the server's side {servers}")
    if call.recorded != servers:
        raise Failure(f"the recording has {call.recorded}, the connections {servers}")
    (sent, _), (received, _) = servers
    return f"{sent} bytes to the server and {received} back, the same on both sides and in the recording"


def taps_tone(lab, scenario):
    """A tone of 3 s goes through the tap to an echo and back, unbroken."""
    call = tap_call(lab, scenario, within=20)
    passed_on = expect_passed_on(call)
    seconds = expect_unbroken_tone(*lab.recording(call.log_start, scenario, call.uuid), TONE_SECONDS)
    faults = [event for event in call.events if event["event"] in ("violation", "warning")]
    if faults:
        raise Failure(f"the tap reports {faults}")
    return f"{passed_on}; tone unbroken {seconds:.2f} s"


def taps_digits(lab, scenario, digits, apart):
    """The tap shows each digit at its time: `apart` seconds after the digit before."""
    call = tap_call(lab, scenario, within=25)
    passed_on = expect_passed_on(call)
    seen = [event for event in call.events if event["event"] == "dtmf"]
    if "".join(event["digit"] for event in seen) != digits:
        raise Failure(f"digits seen: {seen}, sent: {digits}")
    times = [event["at_ms"] / 1000 for event in seen]
    spacing = [later - earlier for earlier, later in zip(times, times[1:])]
    if not all(apart - 0.1 <= seconds <= apart + 0.1 for seconds in spacing):
        raise Failure(f"the digits are {[f'{seconds:.3f}' for seconds in spacing]} s apart, not {apart}")
    return f"{digits} from {times[0]:.2f} s on, {min(spacing):.3f} to {max(spacing):.3f} s apart; {passed_on}"


def taps_g711(lab, scenario):
    """The channel driver sends u-law as kind 0x10, and the tap reports that."""
    call = tap_call(lab, scenario, within=20)
    passed_on = expect_passed_on(call)
    warnings = [event["text"] for event in call.events if event["event"] == "warning"]
    if not any(text.startswith("8000 bytes per second: u-law or a-law") for text in warnings):
        raise Failure(f"the tap's warnings are {warnings or 'none'}, expected one about G.711")
    return f"{warnings[0]!r}; {passed_on}"


FAULTY_CALLS = 100
FAULTY_CALLS_AT_ONCE = 20


def names_fault(lab, scenario, fault, rule, consequence):
    """Places calls through the tap to a server with a fault. For each call, the tap names the fault and its consequence."""
    with contextlib.ExitStack() as running:
        server = running.enter_context(lab.example("faulty_server", fault))
        tap = running.enter_context(tap_to(lab, server.port, "--calls", str(FAULTY_CALLS)))
        uuids = [str(uuid.uuid4()) for _ in range(FAULTY_CALLS)]
        for place, call_uuid in enumerate(uuids):
            wait_until(
                lambda: len(tap.events("hangup")) >= place - FAULTY_CALLS_AT_ONCE, 60,
                f"the end of all but {FAULTY_CALLS_AT_ONCE} of {place} calls",
            )
            lab.call(scenario, tap.port, call_uuid)
        tap.wait_for_end(60)
        for call_uuid in uuids:
            found = {event["rule"]: event for event in tap.events("violation", call_uuid)}
            if list(found) != [rule]:
                raise Failure(f"found in call {call_uuid}: {list(found) or 'nothing'}, not {rule}")
            reported = [each["consequence"] for each in found[rule]["consequences"] if "22.10" in each["versions"]]
            if reported != [consequence]:
                raise Failure(f"the consequence in 22.10 is {reported}, expected {consequence}: {found[rule]}")
    return f"{rule} with the consequence {consequence} in 22.10, in {FAULTY_CALLS} calls of {FAULTY_CALLS}"
