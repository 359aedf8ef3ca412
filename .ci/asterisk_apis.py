"""Asterisk's manager interface and ARI, as far as the recipes of the guide need them."""

import base64
import contextlib
import http.client
import json
import os
import socket
import struct
import threading
import urllib.parse

from failure import Failure, wait_until


class Manager:
    """A connection to the manager interface, logged in, while in a `with` statement."""

    def __init__(self, lab):
        self.address, self.secret = lab.manager()

    def __enter__(self):
        self.socket = socket.create_connection(self.address, timeout=10)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\r\n")
        self.lines.readline()  # the greeting
        self.ask("Login", Username="lab", Secret=self.secret, Events="off")
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def ask(self, action, **fields):
        """Sends an action; returns the fields of the response, and of the one event that may follow it."""
        text = "".join(f"{name}: {value}\r\n" for name, value in {"Action": action, **fields}.items())
        self.socket.sendall(f"{text}\r\n".encode())
        answer = self._message_with("Response")
        if answer["Response"] != "Success":
            raise Failure(f"the manager refuses {action}: {answer.get('Message')}")
        if action == "DBGet":
            answer = self._message_with("Val")
        return answer

    def _message_with(self, name):
        """The next message that has this field."""
        while name not in (fields := self._message()):
            if not fields:
                raise Failure("the manager has closed the connection")
        return fields

    def _message(self):
        fields = {}
        while line := self.lines.readline().rstrip("\r\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields


class Ari:
    """An application of ARI, while in a `with` statement: its requests, and the events it has got."""

    def __init__(self, lab, application):
        self.address, self.password = lab.ari()
        self.application = application

    def __enter__(self):
        self.events = []
        self.socket = socket.create_connection(self.address, timeout=10)
        query = urllib.parse.urlencode({"app": self.application, "api_key": f"lab:{self.password}"})
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ari/events?{query} HTTP/1.1\r\nHost: asterisk\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline().decode().strip()
        if " 101 " not in status:
            raise Failure(f"ARI takes no application: {status}")
        while self.stream.readline() not in (b"\r\n", b""):
            pass
        self.socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _read(self):
        # Asterisk sends each event as one text frame, and asks for nothing within the time of a case.
        with contextlib.suppress(OSError, ValueError, struct.error):
            while header := self.stream.read(2):
                length = header[1] & 0x7F
                if length > 125:
                    form = ">H" if length == 126 else ">Q"
                    (length,) = struct.unpack(form, self.stream.read(struct.calcsize(form)))
                payload = self.stream.read(length)
                if header[0] & 0x0F == 1:
                    self.events.append(json.loads(payload))

    def request(self, method, path, **parameters):
        """Sends a request to ARI and returns the object in its response, or None."""
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            user = base64.b64encode(f"lab:{self.password}".encode()).decode()
            query = urllib.parse.urlencode(parameters)
            connection.request(method, f"/ari/{path}?{query}", headers={"Authorization": f"Basic {user}"})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            reason = " ".join(body.decode().split())
            raise Failure(f"ARI refuses {method} {path} with {response.status}: {reason}")
        return json.loads(body) if body else None

    def wait_for(self, kind, channel, seconds=10):
        """Waits for an event of this kind about the channel of this id."""
        def has_come():
            return any(event["type"] == kind and event.get("channel", {}).get("id") == channel for event in list(self.events))

        wait_until(has_come, seconds, f"ARI's event {kind} of channel {channel}")
