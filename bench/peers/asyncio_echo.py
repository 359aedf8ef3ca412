#!/usr/bin/env python3
"""An echo as a Python programmer would write it without a library: asyncio streams."""
import asyncio
import resource

AUDIO = 0x10


async def echo(reader, writer):
    try:
        while True:
            header = await reader.readexactly(3)
            payload = await reader.readexactly(int.from_bytes(header[1:], "big"))
            if header[0] == AUDIO:
                writer.write(header + payload)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    # asyncio's default backlog is 100, and a crowd overflows it.
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    await server.serve_forever()


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main())
