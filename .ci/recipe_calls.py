"""The recipes of the guide (src/guide/recipes.rs), with a real Asterisk."""

import contextlib
import http.server
import socket
import tempfile
import threading
import uuid

from asterisk_apis import Ari, Manager
from failure import Failure, wait_until
from server import Server
from sound import TONE_SECONDS, QUIET_SECONDS, expect_unbroken_tone, silence, tone, write_wav

SECONDS_UP = 2  # the servers hang up after this time


def expect_result(lab, log_start, call_uuid, expected):
    lab.wait_for_log(log_start, f"result is {expected} - {lab.DIALPLAN_GOES_ON}", call_uuid, seconds=20)


def uses_fresh_uuid(lab, scenario):
    """${UUID()} makes the call's UUID, and the server receives it."""
    log_start, tag = lab.log_size(), str(uuid.uuid4())
    with lab.serve("--echo", "--calls", "1", "--hang-up-after", str(SECONDS_UP)) as server:
        lab.call(scenario, server.port, tag)
        wait_until(lambda: server.events("call"), 10, "the call")
        (call,) = server.events("call")
        lab.wait_for_log(log_start, f"call is {call['uuid']}", tag)
        lab.wait_for_log(log_start, lab.DIALPLAN_GOES_ON, tag, seconds=15)
    parsed = uuid.UUID(call["uuid"])
    if parsed.version != 4:
        raise Failure(f"${{UUID()}} made {parsed}, of version {parsed.version}")
    return f"{parsed}, of version 4"


def uses_database(lab, scenario):
    """The dialplan stores data under the UUID with DB(), and the server reads them with DBGet. The server stores a result with
    DBPut, and the dialplan reads it when it continues."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    with (lab.serve("--echo", "--calls", "1", "--hang-up-after", str(SECONDS_UP)) as server, Manager(lab) as manager):
        lab.call(scenario, server.port, call_uuid)
        wait_until(lambda: server.events("call", call_uuid), 10, "the call")
        found = manager.ask("DBGet", Family="calls", Key=call_uuid).get("Val", "")
        if not found.startswith("4711,db_"):
            raise Failure(f"DBGet returned {found!r}, expected the data of the dialplan")
        manager.ask("DBPut", Family="results", Key=call_uuid, Val="operator")
        expect_result(lab, log_start, call_uuid, "operator")
    return "data by DBGet, the result by DBPut"


@contextlib.contextmanager
def web_server(results):
    """A web server. Yields its port and the list of requested paths."""
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            body = results.get(self.path, "noted").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, paths
        finally:
            server.shutdown()


def uses_web_service(lab, scenario):
    """The dialplan announces the call to a web service and reads the result from it, both with CURL()."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    announcement = f"/calls/{call_uuid}?caller=4711"
    with (web_server({f"/results/{call_uuid}": "operator"}) as (web_port, paths),
          lab.serve("--echo", "--calls", "1", "--hang-up-after", str(SECONDS_UP)) as server):
        lab.call(scenario, f"{server.port}-{web_port}", call_uuid)
        wait_until(lambda: server.events("call", call_uuid), 10, "the call")
        if paths != [announcement]:
            raise Failure(f"before the call, the web service received requests for {paths}, expected {announcement}")
        expect_result(lab, log_start, call_uuid, "operator")
    return "announced before the call, and the result read after it"


def transfers(lab, scenario, count):
    """The server plays a sentence and waits for its mark; then the manager's Redirect moves the caller on in the dialplan. The
    caller has received all of the sentence."""
    moved = 0
    with tempfile.NamedTemporaryFile(suffix=".wav") as file, Manager(lab) as manager:
        quiet = silence(QUIET_SECONDS, 8000)
        write_wav(file.name, quiet + tone(TONE_SECONDS, 8000) + quiet, 8000)
        with Server([lab.mover, file.name]) as server:
            for _ in range(count):
                log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
                lab.call(scenario, server.port, call_uuid)
                wait_until(lambda: server.events("played", call_uuid), 20, "the end of the sentence")
                (channel,) = [name for name in lab.channels() if call_uuid in name and name.endswith(";2")]
                manager.ask("Redirect", Channel=channel, Context="as", Exten="moved", Priority="1")
                lab.wait_for_log(log_start, "moved - dialplan goes on", call_uuid)
                wait_until(lambda: server.events("over", call_uuid), 10, "the end of the call for the server")
                expect_unbroken_tone(*lab.recording(log_start, scenario, call_uuid), TONE_SECONDS)
                moved += 1
    return f"{moved} of {count} moved, and each caller received the whole sentence"


def tries(lab, scenario):
    """There is no listener on the port. TryExec() reports that, and the dialplan continues."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    lab.call(scenario, free_port(), call_uuid)
    lab.wait_for_log(log_start, f"tried FAILED - {lab.DIALPLAN_GOES_ON}", call_uuid, seconds=10)
    return "TRYSTATUS is FAILED, and the dialplan continues"


def tries_for_2_s(lab, scenario):
    """The address neither accepts nor refuses, because its queue is full: TryExec() gives up after 2 s."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    with contextlib.ExitStack() as waiting, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):  # the queue holds one
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                caller.connect(listener.getsockname())
        lab.call(scenario, listener.getsockname()[1], call_uuid)
        lab.wait_for_log(log_start, f"tried FAILED - {lab.DIALPLAN_GOES_ON}", call_uuid, seconds=20)
    complaints = lab.complaints_here(log_start)
    if not any("MAX_CONNECT_TIMEOUT_MSEC (2000)" in line for line in complaints):
        raise Failure(f"Asterisk gives another reason: {complaints or 'none'}")
    return "gives up after 2 s, TRYSTATUS is FAILED, and the dialplan goes on"


def runs_extension_h(lab, scenario):
    """There is no listener on the port. AudioSocket() hangs up the caller, and Asterisk runs the extension h."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    lab.call(scenario, free_port(), call_uuid)
    lab.wait_for_log(log_start, "the extension h is run", call_uuid, seconds=10)
    if any(lab.DIALPLAN_GOES_ON in line and call_uuid in line for line in lab.log_lines(log_start)):
        raise Failure("the dialplan continued")
    return "Asterisk hung up the caller and ran h"


def free_port():
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def external_media(lab, scenario, server, call_uuid):
    """Puts a far leg and an ExternalMedia channel in a bridge through ARI. Yields the application and the ids of both channels."""
    form, _, peer = scenario.partition("-")
    with Ari(lab, f"lab-{call_uuid}") as ari:
        bridge = ari.request("POST", "bridges", type="mixing")["id"]
        channels = []
        try:
            media = ari.request(
                "POST", "channels/externalMedia", app=ari.application, external_host=f"127.0.0.1:{server.port}",
                encapsulation="audiosocket", transport="tcp", connection_type="client", format=form, data=call_uuid)["id"]
            channels.append(media)
            ari.wait_for("StasisStart", media)
            ari.request("POST", f"bridges/{bridge}/addChannel", channel=media)
            lab.uuids.append(call_uuid)
            # Without a format the Local channel may have another rate, and Asterisk's resampler can halve the amplitude.
            far = ari.request("POST", "channels", endpoint=f"Local/{peer}_{call_uuid}@peer/n", app=ari.application,
                              formats=form)["id"]
            channels.append(far)
            ari.wait_for("StasisStart", far)
            ari.request("POST", f"bridges/{bridge}/addChannel", channel=far)
            yield ari, media, far
        finally:
            for channel in channels:
                with contextlib.suppress(Failure):  # it has hung up already
                    ari.request("DELETE", f"channels/{channel}")
            ari.request("DELETE", f"bridges/{bridge}")


def echoes_external_media(lab, scenario):
    """The far leg's tone comes back unbroken, and when it hangs up and the application deletes the channel, the call ends."""
    log_start, call_uuid = lab.log_size(), str(uuid.uuid4())
    with lab.serve("--echo", "--calls", "1") as server:
        with external_media(lab, scenario, server, call_uuid) as (ari, media, far):
            ari.wait_for("StasisEnd", far, 20)
            seconds = expect_unbroken_tone(*lab.recording(log_start, scenario, call_uuid), TONE_SECONDS)
            ari.request("DELETE", f"channels/{media}")
            wait_until(lambda: server.events("hangup", call_uuid), 10, "the end of the call")
        (hangup,) = server.events("hangup", call_uuid)
    return f"{seconds:.3f} s of tone, then {hangup['reason']}"


def reports_digits_of_external_media(lab, scenario, digits):
    """The server receives the far leg's digits."""
    call_uuid = str(uuid.uuid4())
    with lab.serve("--echo", "--calls", "1") as server:
        with external_media(lab, scenario, server, call_uuid) as (ari, media, far):
            ari.wait_for("StasisEnd", far, 30)
            found = "".join(event["digit"] for event in server.events("dtmf", call_uuid))
    if found != digits:
        raise Failure(f"the server received the digits {found!r}, expected {digits!r}")
    return found


def external_media_ends_with_server(lab, scenario):
    """When the server hangs up, the channel ends and ARI notifies the application."""
    call_uuid = str(uuid.uuid4())
    with lab.serve("--silence", "--calls", "1", "--hang-up-after", str(SECONDS_UP)) as server:
        with external_media(lab, scenario, server, call_uuid) as (ari, media, far):
            ari.wait_for("ChannelDestroyed", media, 15)
    return "the event ChannelDestroyed, after the server's hangup"


CASES = [
    ("fresh-wait", uses_fresh_uuid),
    ("db-wait", uses_database),
    ("web-wait", uses_web_service),
    ("app-talk/transfer", transfers, 5),
    ("slin-play/external", echoes_external_media),
    ("slin16-play/external", echoes_external_media),
    ("slin16-dtmf/external", reports_digits_of_external_media, "1234567890*#ABCD"),
    ("slin16-wait/external", external_media_ends_with_server),
]

# These cases provoke complaints in Asterisk's log.
PROVOKING = [
    ("try-wait", tries),
    ("try-wait/full", tries_for_2_s),
    ("exth-wait", runs_extension_h),
]
