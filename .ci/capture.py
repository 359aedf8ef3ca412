"""Captures the TCP segments to and from a port of 127.0.0.1."""

import collections
import ctypes
import socket
import struct
import threading

# seconds: the kernel's time stamp; from_server: whether the server sent it; ends: whether it has FIN or RST; data: its first bytes
Segment = collections.namedtuple("Segment", "seconds from_server ends length data")


class Capture:
    """A context manager that captures the TCP segments to and from a port of 127.0.0.1. Needs root.

    Unlike a relay, it shows how the bytes were split and which side closed first.
    """

    # From Linux's include/uapi/linux/if_ether.h, if_packet.h and asm-generic/socket.h, because Python lacks some of these names.
    ETH_P_IP = 0x0800
    SO_ATTACH_FILTER = 26
    SO_TIMESTAMPNS = 35
    FIN, RST = 0x01, 0x04
    HEAD = 120  # bytes of a packet: the longest IP and TCP headers

    def __init__(self, port):
        self.port = port
        self.segments = collections.defaultdict(list)  # by the client's port

    def __enter__(self):
        # A socket without a protocol receives nothing until it is bound, so no packet bypasses the filter.
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._take_port_alone()
        self.socket.bind(("lo", self.ETH_P_IP))
        self.socket.settimeout(0.1)
        self.over = False
        self.thread = threading.Thread(target=self._take_in, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join(5)
        self.socket.close()

    def connections(self):
        """Returns the segments so far of each connection, as a list of lists."""
        return [list(segments) for segments in list(self.segments.values())]

    def _take_port_alone(self):
        """Sets a filter so that the kernel drops the packets of other ports, which may be many."""
        accept, drop = 7, 8
        program = [  # classic BPF: code, jump if true, jump if false, operand; for IPv4 without options, as the kernel sends it
            (0x30, 0, 0, 9), (0x15, 0, drop - 2, socket.IPPROTO_TCP),  # the protocol
            (0x28, 0, 0, 20), (0x15, accept - 4, 0, self.port),  # the source port
            (0x28, 0, 0, 22), (0x15, accept - 6, 0, self.port),  # the destination port
            (0x05, 0, 0, drop - 7), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0),
        ]
        code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *instruction) for instruction in program))
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_ATTACH_FILTER,
                               struct.pack("@HP", len(program), ctypes.addressof(code)))

    def _take_in(self):
        while True:
            try:
                packet, ancillary, _, (_, _, direction, *_) = self.socket.recvmsg(self.HEAD, 128)
            except TimeoutError:
                if self.over:
                    return
                continue
            if direction == socket.PACKET_OUTGOING:  # on loopback, each packet also arrives as an incoming one
                continue
            (seconds, nanoseconds), = (struct.unpack("@ll", data) for _, kind, data in ancillary
                                       if kind == self.SO_TIMESTAMPNS)
            ip_header = 4 * (packet[0] & 0x0F)
            total, = struct.unpack_from("!H", packet, 2)
            source, destination = struct.unpack_from("!HH", packet, ip_header)
            headers, flags = ip_header + 4 * (packet[ip_header + 12] >> 4), packet[ip_header + 13]
            from_server = source == self.port
            self.segments[destination if from_server else source].append(Segment(
                seconds=seconds + nanoseconds / 1e9,
                from_server=from_server,
                ends=bool(flags & (self.FIN | self.RST)),
                length=total - headers,
                data=packet[headers:],
            ))
