"""An independent SIP phone: Debian's baresip, on loopback."""

import contextlib
import itertools
import pathlib
import random
import re
import socket
import subprocess
import tempfile

from failure import Failure
from rtp import RtpCapture
from sound import write_wav

RATE = 8000

# The phone plays a file and hangs up at its end. There is no loudspeaker, so `aubridge` discards the received audio. Without
# net_interface, baresip would look for an address beyond loopback.
CONFIGURATION = """\
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
rtp_ports {port}-{next_port}
audio_source aufile,{folder}/plays.wav
audio_player aubridge,received
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
"""


def baresip_modules():
    """Returns the module folder of Debian's package."""
    listed = subprocess.run(["dpkg", "-L", "baresip-core"], capture_output=True, text=True, timeout=60).stdout
    match = re.search(r"^(/.*)/g711\.so$", listed, re.MULTILINE)
    if not match:
        raise Failure("baresip-core is not installed, or has no module g711.so")
    return match[1]


def call_by_phone(address, password, extension, samples):
    """Registers the user `phone` at the Asterisk with this address, dials the extension, plays the samples, and hangs up.
    Returns the RTP packets that the phone received meanwhile.
    """
    seconds = len(samples) / RATE
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port_pair()
        (folder / "config").write_text(CONFIGURATION.format(
            folder=folder, port=port, next_port=port + 1, modules=baresip_modules()))
        (folder / "accounts").write_text(f"<sip:phone@{address};transport=udp>;auth_pass={password};regint=60\n")
        write_wav(folder / "plays.wav", samples, RATE)
        command = ["baresip", "-f", name, "-e", f"/dial sip:{extension}@{address}", "-t", f"{seconds + 4:.0f}"]
        with RtpCapture(port) as capture:
            try:
                output = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.STDOUT, errors="replace", timeout=seconds + 15).stdout
            except subprocess.TimeoutExpired:
                raise Failure(f"baresip did not end within {seconds + 15:.0f} s") from None
        for what, pattern in (
            ("did not register", r"200 OK .*\[\d+ bindings?\]"),
            ("was not answered", "Call established"),
            ("did not hang up by itself", r"terminated \(duration"),
        ):
            if not re.search(pattern, output):
                raise Failure(f"the phone {what}; baresip printed: {' | '.join(output.splitlines()[-4:])[-400:]}")
        return capture.packets


# The next port to try. The phones of this program never try the same port, and those of other programs hardly ever do.
PORT_PAIRS = itertools.cycle(random.sample(range(31000, 32000, 2), 500))


def free_port_pair():
    """Returns an even UDP port on 127.0.0.1 for RTP. The next port is free for RTCP (RFC 3550, 11). Both are below the ports that
    Linux assigns automatically."""
    for port in itertools.islice(PORT_PAIRS, 500):
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for each in (port, port + 1):
                sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", each))
            return port
    raise Failure("no two free UDP ports between 31000 and 32000 for a phone")
