"""Servers to call."""

import json
import re
import subprocess
import tempfile
import threading

from failure import Failure, wait_until


class Server:
    """A context manager that runs a server. The server reports in lines of text or JSON."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.stderr, text=True)
        self.lines = []  # only the reader thread appends, so other threads see the first lines of the output
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()
        try:
            wait_until(lambda: self.lines or not self.reader.is_alive(), 5, "the server's first line")
            if not self.lines:
                raise Failure(f"the server ended without a line, exit code {self.process.wait(5)}")
            match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", self.lines[0])
            if not match:
                raise Failure(f"the server's first line is {self.lines[0]!r}, not 'listening on 127.0.0.1:PORT'")
        except Failure as failure:
            reason = f"{failure}{self.last_words()}"
            self.__exit__()
            raise Failure(reason) from None
        self.port = int(match[1])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()
        self.stderr.close()

    def last_words(self):
        """Returns the end of the server's stderr, for the reason of a failure."""
        self.stderr.seek(0)
        text = self.stderr.read().strip()
        return f"; its stderr ends with: {text[-300:]}" if text else ""

    def wait_for_line(self, pattern, seconds=5):
        """Waits for a line after the first that matches the regular expression. Returns the match."""
        def matches():
            return list(filter(None, (re.fullmatch(pattern, line.rstrip("\n")) for line in self.lines[1:])))

        try:
            wait_until(matches, seconds, f"a line like '{pattern}'")
        except Failure as failure:
            raise Failure(f"{failure}; the server has printed {self.lines[1:] or 'nothing'}{self.last_words()}") from None
        return matches()[0]

    def events(self, name=None, call_uuid=None):
        """Returns the events so far of a server that reports in JSON, optionally only those with this name or of this call."""
        return [
            event for event in map(self._event, list(self.lines[1:]))
            if name in (None, event["event"]) and call_uuid in (None, event.get("uuid"))
        ]

    @staticmethod
    def _event(line):
        try:
            event = json.loads(line)
            event["event"]
        except (ValueError, TypeError, KeyError):
            raise Failure(f"the server printed {line!r}, no JSON object with an `event`") from None
        return event

    def wait_for_end(self, seconds):
        """Waits for the server to end by itself, as with --calls. Raises Failure for any exit code except 0."""
        wait_until(lambda: self.process.poll() is not None, seconds, "the end of the server after its last call")
        self.reader.join(5)
        if self.process.returncode != 0:
            raise Failure(f"the server's exit code is {self.process.returncode}{self.last_words()}")
