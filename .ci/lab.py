"""The Asterisk that places the calls of .ci/asterisk and .ci/verdicts."""

import copy
import datetime
import pathlib
import re
import subprocess
import tempfile
import time

from failure import Failure, wait_until
from server import Server
from sound import read_wav

HERE = pathlib.Path(__file__).resolve().parent


class Lab:
    """The Asterisk of asterisk-lab.sh, and the programs that it calls."""

    # app_audiosocket logs one of these whenever the far leg hangs up, which is a normal end.
    ORDINARY_WARNINGS = ("Failed to receive frame from channel", "Failed to forward frame from AudioSocket server")

    FAR_LEG_OVER = "Spawn extension (peer, "
    NEAR_LEG_OVER = "Spawn extension (as, "
    DIALPLAN_GOES_ON = "dialplan goes on"  # the log line after AudioSocket() or Dial()

    # These far legs record with Record(), the others with MixMonitor().
    RECORD_PEERS = ("record", "talk", "mix")

    def __init__(self, tool=None, speaker=None, leaver=None, mover=None, examples=None):
        self.tool = tool
        self.speaker, self.leaver, self.mover = speaker, leaver, mover  # the programs of tests/asterisk
        self.examples = examples  # their folder
        self.started_here = False
        self.uuids = []

    def for_a_case(self):
        """Returns a copy of the lab that remembers only the calls placed with it."""
        lab = copy.copy(self)
        lab.uuids = []
        return lab

    def _script(self, *arguments, seconds=20):
        """Runs asterisk-lab.sh and returns what it prints on stdout."""
        command = [str(HERE / "asterisk-lab.sh"), *arguments]
        # Its stderr goes to a file and not to a pipe, because Asterisk inherits it and a pipe would then stay open.
        with tempfile.TemporaryFile("w+") as stderr:
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                                      text=True, timeout=seconds)
            except subprocess.TimeoutExpired:
                raise Failure(f"asterisk-lab.sh {arguments[0]}: not done within {seconds} s") from None
            stderr.seek(0)
            error = stderr.read().strip()
        if done.returncode != 0:
            raise Failure(f"asterisk-lab.sh {' '.join(arguments)}: {error or 'failed'}")
        return done.stdout.strip()

    def start(self):
        try:
            self._script("setup", seconds=900)  # the first run downloads about 150 MB
        except Failure as failure:
            raise Failure(str(failure).splitlines()[-1]) from None  # the lines before it are progress
        self.started_here = self._script("status") == "stopped"
        self._script("start", seconds=60)
        self.log_path = pathlib.Path(self._script("log"))
        self.recordings = pathlib.Path(self._script("rec"))

    def stop(self):
        if self.started_here:
            self._script("stop")

    def serve(self, *options):
        """Returns an `audiosocket serve --json` that is not running yet."""
        return Server([self.tool, "serve", "--listen", "127.0.0.1:0", "--json", *options])

    def example(self, name, *arguments, under=()):
        """Returns a program of examples/ that is not running yet. `under` is a command that runs it."""
        return Server([*under, f"{self.examples}/{name}", *arguments])

    def call(self, scenario, port, call_uuid, *more):
        self.uuids.append(call_uuid)
        self._script("call", scenario, str(port), call_uuid, *map(str, more))

    def sip(self):
        """Returns the SIP address of this Asterisk, as IP:PORT, and the password of its user `phone`."""
        address, password = self._script("sip").split()
        return address, password

    def status(self):
        """`running PID` or `stopped`."""
        return self._script("status")

    def manager(self):
        """The address of Asterisk's manager interface, as (host, port), and the secret of its user lab."""
        return self._address_and_secret("manager")

    def ari(self):
        """The address of Asterisk's HTTP server, likewise, and the password of its ARI user lab."""
        return self._address_and_secret("ari")

    def _address_and_secret(self, command):
        address, secret = self._script(command).split()
        host, _, port = address.partition(":")
        return (host, int(port)), secret

    def channels(self):
        """The names of all channels."""
        return [line.partition("!")[0] for line in self._script("cli", "core show channels concise").splitlines()]

    def log_size(self):
        return self.log_path.stat().st_size

    def log_lines(self, since):
        """Returns the log's lines after the position `since`, from log_size()."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            file.seek(since)
            return file.read().splitlines()

    def complaints(self, since):
        """Returns the log's warnings and errors about AudioSocket after the position `since`."""
        return [
            line for line in self.log_lines(since)
            if re.search(r"\b(WARNING|ERROR)\[", line)
            and "audiosocket" in line.lower()
            and not any(warning in line for warning in self.ORDINARY_WARNINGS)
        ]

    def lines_here(self, since):
        """Returns the log's lines about the calls that this object placed."""
        # Asterisk gives each call a number such as [C-00000001], and prints it even in lines without the UUID.
        lines = self.log_lines(since)
        numbers = {
            number for line in lines if any(call_uuid in line for call_uuid in self.uuids)
            for number in re.findall(r"\[C-[0-9a-f]+\]", line)
        }
        return [line for line in lines if any(mark in line for mark in (*self.uuids, *numbers))]

    def complaints_here(self, since):
        """Returns the warnings and errors about the calls that this object placed."""
        here = self.lines_here(since)
        return [line for line in self.complaints(since) if line in here]

    def time_of_log(self, since, text, call_uuid):
        """Returns the time of the first line with `text` and the call's UUID. The date is unknown."""
        for line in self.log_lines(since):
            if text in line and call_uuid in line:
                return datetime.datetime.strptime(line.partition("]")[0], "[%H:%M:%S.%f")
        raise Failure(f"Asterisk's log has no '{text}' for call {call_uuid}")

    def wait_for_log(self, since, text, call_uuid, seconds=5):
        """Waits for a line with `text` and the call's UUID."""
        wait_until(
            lambda: any(text in line and call_uuid in line for line in self.log_lines(since)),
            seconds, f"'{text}' in Asterisk's log for call {call_uuid}",
        )

    def dialplan_went_on(self, since, call_uuid):
        """Waits for the end of the near leg's dialplan, and returns whether it continued after AudioSocket() or Dial()."""
        self.wait_for_log(since, self.NEAR_LEG_OVER, call_uuid, seconds=30)  # only the far leg play30 takes longer
        return any(self.DIALPLAN_GOES_ON in line and call_uuid in line for line in self.log_lines(since))

    def recording(self, since, scenario, call_uuid):
        """Waits for the complete recording, and returns the samples that the far leg received and their rate in Hz."""
        recorded_by_record = scenario.partition("-")[2] in self.RECORD_PEERS
        over = self.FAR_LEG_OVER if recorded_by_record else "End MixMonitor Recording"
        self.wait_for_log(since, over, call_uuid)
        return read_wav(self.recordings / f"{call_uuid}-heard.wav")

    def version(self):
        """Returns Asterisk's version, for example 22.10.1."""
        match = re.search(r"Asterisk (\d[\d.]*)", self._script("cli", "core show version"))
        return match[1] if match else "of an unknown version"

    def idle(self):
        return "\n0 active channels" in "\n" + self._script("cli", "core show channels count")

    def hang_up(self, call_uuid):
        """Ends one call."""
        listed = self._script("cli", "core show channels concise").splitlines()
        for channel in [line.partition("!")[0] for line in listed if call_uuid in line][:1]:
            self._script("cli", f"channel request hangup {channel}")

    def hang_up_all(self):
        """Hangs up all calls."""
        if not self.idle():
            self._script("cli", "channel request hangup all")
            wait_until(self.idle, 10, "Asterisk without calls")
        time.sleep(0.2)  # Asterisk's logger is a separate thread and can be a little late
