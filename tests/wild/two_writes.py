"""An echo server that sends back each frame with two writes: the header, then the payload."""
import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        while header := self.rfile.read(3):
            payload = self.rfile.read(int.from_bytes(header[1:], "big"))
            if header[0] == 0x10:
                self.wfile.write(header)
                self.wfile.write(payload)


with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Echo) as server:
    print("listening on %s:%d" % server.server_address, flush=True)
    server.serve_forever()
