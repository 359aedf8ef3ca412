"""A relay that counts and hashes the bytes of each connection. A relay on each side of a tap shows what the tap forwarded."""

import contextlib
import hashlib
import json
import pathlib
import socket
import sys
import threading

from failure import wait_until
from server import Server


class Relay(Server):
    """A context manager that listens on a port of 127.0.0.1 and forwards each connection to another port.

    The relay is a separate process, because the rest of a case would delay the audio: Python takes a second to analyse a
    recording. Asterisk's MixMonitor() drops audio that is late by more than 100 ms.
    """

    def __init__(self, to_port):
        super().__init__([sys.executable, str(pathlib.Path(__file__).resolve()), str(to_port)])

    def digests(self, count=1):
        """Waits until `count` connections have ended. Returns, for each, the length and SHA-256 of the client's bytes and of the
        server's bytes."""
        wait_until(lambda: len(self.events("over")) >= count, 5, f"the end of {count} connections through a relay")
        return [(tuple(event["sent"]), tuple(event["received"])) for event in self.events("over")]


def pass_connections_on(to_port):
    """Forwards connections until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            caller, _ = listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", to_port))
            except OSError as error:
                print(f"no connection to port {to_port}: {error}", file=sys.stderr, flush=True)
                caller.close()
                continue
            threading.Thread(target=pass_both_ways_on, args=(caller, server), daemon=True).start()


def pass_both_ways_on(caller, server):
    sent, received = [0, hashlib.sha256()], [0, hashlib.sha256()]
    backwards = threading.Thread(target=pass_on, args=(server, caller, received), daemon=True)
    backwards.start()
    pass_on(caller, server, sent)
    backwards.join()
    (length, digest), (back_length, back_digest) = sent, received
    print(json.dumps({
        "event": "over", "sent": [length, digest.hexdigest()], "received": [back_length, back_digest.hexdigest()],
    }), flush=True)


def pass_on(source, sink, counted):
    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A broken connection counts as ended.
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            counted[0] += len(data)
            counted[1].update(data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    pass_connections_on(int(sys.argv[1]))
