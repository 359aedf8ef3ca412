"""An echo server with asyncio. It runs all calls in one thread and sends back each piece of audio at once."""
import asyncio
import sys

HANGUP, AUDIO = 0x00, 0x10


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.pending = b""

    def data_received(self, data):
        pending = self.pending + data
        place, audio = 0, []
        while len(pending) >= place + 3:
            end = place + 3 + int.from_bytes(pending[place + 1 : place + 3], "big")
            if len(pending) < end:
                break
            if pending[place] == AUDIO:
                audio.append(pending[place:end])
            elif pending[place] == HANGUP:
                self.transport.write(b"".join(audio))
                self.transport.close()
                return
            place = end
        self.pending = pending[place:]
        self.transport.write(b"".join(audio))


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", int(sys.argv[1]))
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


asyncio.run(main())
