"""Receives RTP packets from Asterisk and checks their timing."""

import array
import collections
import math
import socket
import statistics
import struct
import threading

from failure import Failure, NotPossibleHere


# seconds: the kernel's time stamp, which is right even when this program is busy; samples: decoded
RtpPacket = collections.namedtuple("RtpPacket", "seconds sequence timestamp samples")


class RtpReceiver:
    """A context manager that receives RTP packets with u-law on a port of 127.0.0.1."""

    SO_TIMESTAMPNS = 35  # include/uapi/asm-generic/socket.h of Linux; Python has no name for it
    PACKET = struct.Struct("!BBHII")  # RFC 3550, 5.1: flags, marker and type, sequence, timestamp, source

    def __enter__(self):
        self.socket = self._open()
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_TIMESTAMPNS, 1)
        self.packets = []
        self.thread = threading.Thread(target=self._take_in, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", ("127.0.0.1", self.port))  # no RTP packet is empty
        self.thread.join(5)
        self.socket.close()

    def _open(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return listener

    def _payload(self, packet):
        """Returns the payload of a packet, or None if the packet is not for this port."""
        return packet

    def _take_in(self):
        while True:
            packet, ancillary, _, _ = self.socket.recvmsg(2048, 128)
            packet = self._payload(packet)
            if packet is None:
                continue
            if not packet:
                return
            (seconds, nanoseconds), = (struct.unpack("@ll", data) for _, kind, data in ancillary
                                       if kind == self.SO_TIMESTAMPNS)
            _, _, sequence, timestamp, _ = self.PACKET.unpack_from(packet)
            samples = array.array("h", (U_LAW[byte] for byte in packet[self.PACKET.size :]))
            self.packets.append(RtpPacket(seconds + nanoseconds / 1e9, sequence, timestamp, samples))


class RtpCapture(RtpReceiver):
    """A context manager that captures RTP packets with u-law to the port of another program. Needs root."""

    UDP_HEADER = struct.Struct("!HHHH")  # RFC 768: source, destination, length, checksum

    def __init__(self, port):
        self.port = port

    def _open(self):
        try:
            capture = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        except PermissionError:
            raise NotPossibleHere("only root can capture the RTP of another program") from None
        capture.bind(("127.0.0.1", 0))
        return capture

    def _payload(self, packet):
        start = 4 * (packet[0] & 0x0F)  # after the IP header
        _, destination, _, _ = self.UDP_HEADER.unpack_from(packet, start)
        return packet[start + self.UDP_HEADER.size :] if destination == self.port else None


def u_law_sample(byte):
    """Decodes a byte of u-law (ITU-T G.711, table 2a): a sign, three bits of exponent and four of mantissa, all inverted."""
    byte = ~byte
    magnitude = (((byte & 0x0F) << 3) + 0x84 << ((byte & 0x70) >> 4)) - 0x84
    return -magnitude if byte & 0x80 else magnitude


U_LAW = [u_law_sample(byte) for byte in range(256)]


def expect_paced(packets):
    """Raises Failure unless the packets, of 20 ms each, arrive without a gap and every 20 ms. Returns a histogram of their
    spacing.

    On a busy machine, a late packet makes one spacing longer and the next shorter, but the median stays. The library does not
    catch up after a stall of a frame or more, so the mean can be more than 20 ms, but never less.
    """
    if len(packets) < 100:
        raise Failure(f"{len(packets)} RTP packets, too few to measure their spacing")
    pairs = list(zip(packets, packets[1:]))
    for before, after in pairs:
        if (after.sequence - before.sequence) % 0x10000 != 1:
            raise Failure(f"RTP packet {after.sequence} after {before.sequence}: some were lost or overtaken")

    spacings = [1000 * (after.seconds - before.seconds) for before, after in pairs]
    mean, median = statistics.fmean(spacings), statistics.median(spacings)
    together = sum(spacing < 5 for spacing in spacings)
    holes = sum(spacing > 35 for spacing in spacings)
    # Asterisk's time stamps count samples, unless they differ from its clock by 80 ms (MAX_TIMESTAMP_SKEW in res_rtp_asterisk.c).
    stamped_anew = sum(
        (after.timestamp - before.timestamp) % 0x100000000 != len(before.samples) for before, after in pairs
    )
    for problem, is_there in (
        (f"their spacing is {median:.1f} ms at the median", not 18 <= median <= 22),
        (f"their spacing is {mean:.2f} ms on average", not 19.7 <= mean <= 24),
        (f"{together} come together with the one before", together > len(pairs) / 4),
        (f"{holes} come after a hole of 35 ms or more", holes > len(pairs) / 4),
        (f"{stamped_anew} timestamps do not follow from the one before", stamped_anew > 3),
    ):
        if is_there:
            raise Failure(f"of {len(packets)} RTP packets, {problem}; {histogram(spacings)}")
    return histogram(spacings)


def histogram(spacings):
    bounds = [0, 5, 10, 15, 18, 19, 21, 22, 25, 30, 35, math.inf]
    return "ms " + ", ".join(
        f"{low}-{high}: {sum(low <= spacing < high for spacing in spacings)}" for low, high in zip(bounds, bounds[1:])
    )
