"""Many callers at once. They check every frame that a server echoes."""

import contextlib
import select
import socket
import struct
import threading
import time
import uuid

from failure import Failure, wait_until

FRAME_SECONDS = 0.020
PAYLOAD_BYTES = 320
HEADER = struct.Struct("!BH")
UUID_KIND, HANGUP_KIND, AUDIO_KIND = 0x01, 0x00, 0x10
SILENCE = bytes(PAYLOAD_BYTES)


class Caller:
    """A call to a server that echoes. While a Crowd holds it, only the Crowd may use it."""

    def __init__(self, port, number):
        self.uuid = str(uuid.uuid4())
        self.number = number  # from 1 on, so that no frame is silence
        self.talks = True
        self.sent = self.echoed = 0
        self.got_hangup = False
        self.end = None  # how the server ended the call: closed, cut (inside a frame) or reset
        self.fault = None
        self.received = bytearray()
        self.connected_at = time.monotonic()
        self.first_echo_at = None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HEADER.pack(UUID_KIND, 16) + uuid.UUID(self.uuid).bytes)
        self.socket.setblocking(False)

    def frame(self, place):
        """Returns the payload of this caller's frame number `place`. No two frames of any callers are equal."""
        return struct.pack("!II", self.number, place + 1) * (PAYLOAD_BYTES // 8)

    def talk(self):
        frame = HEADER.pack(AUDIO_KIND, PAYLOAD_BYTES) + self.frame(self.sent)
        try:
            if self.socket.send(frame) != len(frame):
                self.fault = "a frame was taken in part only"
            self.sent += 1
        except BlockingIOError:
            self.fault = "a frame was not taken"
        except OSError:
            pass  # `hear` finds the reason

    def hear(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.end = "reset"
            return
        if not data:
            self.end = "cut" if self.received else "closed"
            return
        self.received += data
        while len(self.received) >= HEADER.size:
            kind, length = HEADER.unpack_from(self.received)
            if len(self.received) < HEADER.size + length:
                return
            self.take_in(kind, bytes(self.received[HEADER.size : HEADER.size + length]))
            del self.received[: HEADER.size + length]

    def take_in(self, kind, payload):
        if (kind, payload) == (HANGUP_KIND, b"") and not self.got_hangup:
            self.got_hangup = True
        elif kind == AUDIO_KIND and not self.got_hangup and payload == self.frame(self.echoed):
            self.first_echo_at = self.first_echo_at or time.monotonic()
            self.echoed += 1
        elif (kind, payload) != (AUDIO_KIND, SILENCE) or self.got_hangup:
            self.fault = self.fault or f"kind {kind:#x} with {payload[:8].hex()}... instead of the echo of frame {self.echoed}"

    def lost(self):
        return self.sent - self.echoed


class Crowd:
    """A context manager whose callers send a frame every 20 ms. On a busy machine they send more slowly."""

    def __init__(self, port):
        self.port = port
        self.callers = {}  # by descriptor
        self.placed = 0
        self.lock = threading.Lock()
        self.over = False

    def __enter__(self):
        self.poll = select.epoll()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join(5)
        for caller in self.callers.values():
            caller.socket.close()
        self.poll.close()

    def place(self, count):
        """Places `count` calls one after the other, and returns a list of Caller."""
        callers = []
        for _ in range(count):
            self.placed += 1
            caller = Caller(self.port, self.placed)
            callers.append(caller)
            with self.lock:
                self.callers[caller.socket.fileno()] = caller
                self.poll.register(caller.socket, select.EPOLLIN)
        return callers

    def wait_for_echoes(self, callers, count):
        """Waits until each of these callers has received `count` more echoes or its call has ended."""
        goals = [(caller, caller.echoed + count) for caller in callers]
        wait_until(
            lambda: all(caller.echoed >= goal or caller.end or caller.fault for caller, goal in goals),
            60, f"{count} more echoes for each of {len(goals)} calls",
        )

    def hang_up(self, callers):
        """Stops these callers, waits for their last echoes, and closes their connections. Raises Failure if a frame was lost."""
        for caller in callers:
            caller.talks = False
        with contextlib.suppress(Failure):
            wait_until(lambda: not any(self.problem(caller) for caller in callers), 10, "the last echoes")
        problems = list(filter(None, map(self.problem, callers)))
        with self.lock:
            for caller in callers:
                self.callers.pop(caller.socket.fileno(), None)
                caller.socket.close()
        if problems:
            raise Failure(f"{len(problems)} calls of {len(callers)} have lost something; one: {problems[0]}")

    @staticmethod
    def problem(caller):
        """Returns what is wrong with a call that should still be up and complete, or None."""
        if caller.fault or caller.end or caller.got_hangup or caller.lost() or not caller.echoed:
            return (f"{caller.sent} frames sent, {caller.echoed} echoed, {caller.fault or 'no other fault'}, "
                    f"{caller.end or 'not ended'}, hangup: {caller.got_hangup}")
        return None

    def _run(self):
        due = time.monotonic()
        while not self.over:
            with self.lock:
                for descriptor, _ in self.poll.poll(0):
                    caller = self.callers.get(descriptor)
                    if caller:
                        caller.hear()
                        if caller.end:
                            self.poll.unregister(descriptor)
                if time.monotonic() >= due:
                    for caller in self.callers.values():
                        if caller.talks and not caller.end and not caller.got_hangup:
                            caller.talk()
                    due = max(due + FRAME_SECONDS, time.monotonic())
            # This sleeps without the lock, so that other threads can take it.
            self.poll.poll(min(0.005, max(0.001, due - time.monotonic())))
