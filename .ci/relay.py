"""Passes connections on, and knows every byte that went through: to set beside what a tap between two of them passed on."""

import contextlib
import hashlib
import socket
import threading


class Relay:
    """Listens on a port of 127.0.0.1 of its own and passes each connection on to another, while in a `with` statement."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.hashes = []  # of each connection: [from who connected, from the server]

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def digests(self):
        """Length and SHA-256 of each direction of each connection, as a list of pairs."""
        return [tuple((length, digest.hexdigest()) for length, digest in pair) for pair in self.hashes]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to_port))
                pair = [[0, hashlib.sha256()], [0, hashlib.sha256()]]
                self.hashes.append(pair)
                for source, sink, counted in ((caller, server, pair[0]), (server, caller, pair[1])):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self._pass_on, args=(source, sink, counted), daemon=True).start()

    @staticmethod
    def _pass_on(source, sink, counted):
        # A connection that breaks is one that ends.
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                counted[0] += len(data)
                counted[1].update(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
