"""Packet captures of AudioSocket calls, packet by packet."""

import struct

CALLER, SERVER = "caller", "server"
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
MICROSECONDS_MAGIC, ETHERNET = 0xA1B2C3D4, 1
HEADERS_LENGTH = 14 + 20 + 20
LONGEST_SEGMENT = 1460  # payload of an Ethernet packet of 1,500 bytes


class Connection:
    """One TCP connection of a capture. Its packets are (time in µs, bytes of the Ethernet frame) and may be reordered."""

    def __init__(self, server_port=9092, caller_port=40000):
        self.ports = {CALLER: caller_port, SERVER: server_port}
        # With these first sequence numbers, the numbers wrap around 2**32 within the call.
        self.next = {CALLER: 0xFFFFFF00, SERVER: 0xFFFFFE00}
        self.streams = {CALLER: b"", SERVER: b""}
        self.packets = []

    def open(self, at):
        """Adds the handshake, which takes 200 µs."""
        self._add(CALLER, at, SYN)
        self._add(SERVER, at + 100, SYN | ACK)
        self._add(CALLER, at + 200, ACK)

    def send(self, sender, at, data, longest=LONGEST_SEGMENT):
        """Adds bytes in segments of at most this length, 10 µs apart. Returns the packets."""
        self.streams[sender] += data
        added = len(self.packets)
        for place in range(0, len(data), longest):
            self._add(sender, at, ACK, data[place:place + longest])
            at += 10
        return self.packets[added:]

    def close(self, sender, at):
        self._add(sender, at, FIN | ACK)

    def reset(self, sender, at):
        self._add(sender, at, RST | ACK)

    def _add(self, sender, at, flags, data=b""):
        receiver = SERVER if sender is CALLER else CALLER
        addresses = {CALLER: bytes([192, 0, 2, 1]), SERVER: bytes([192, 0, 2, 2])}
        acknowledged = self.next[receiver] if flags & ACK else 0
        tcp = struct.pack("!HHIIBBHHH", self.ports[sender], self.ports[receiver], self.next[sender], acknowledged,
                          5 << 4, flags, 0xFFFF, 0, 0) + data
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses[sender] + addresses[receiver]
        ethernet = bytes(12) + b"\x08\x00"
        self.packets.append((at, ethernet + ip + tcp))
        length = len(data) + bool(flags & SYN) + bool(flags & FIN)
        self.next[sender] = (self.next[sender] + length) % 2**32


def pcap(packets, snap_length=0xFFFF):
    """Returns the contents of a capture file with these packets, sorted by time."""
    file = struct.pack("<IHHiIII", MICROSECONDS_MAGIC, 2, 4, 0, 0, snap_length, ETHERNET)
    for at, packet in sorted(packets, key=lambda each: each[0]):
        kept = packet[:snap_length]
        file += struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(kept), len(packet)) + kept
    return file


def frame(kind, payload=b""):
    return bytes([kind]) + struct.pack("!H", len(payload)) + payload
