// An echo server with a greeting of 3 seconds, which it sends at once when the call starts.
const net = require('net');
const frame = (audio) => Buffer.concat([Buffer.from([0x10, audio.length >> 8, audio.length & 0xff]), audio]);
const greeting = Buffer.alloc(3 * 16000);
const server = net.createServer((socket) => {
  let buffer = Buffer.alloc(0);
  for (let at = 0; at < greeting.length; at += 320) socket.write(frame(greeting.subarray(at, at + 320)));
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    while (buffer.length >= 3 && buffer.length >= 3 + buffer.readUInt16BE(1)) {
      const end = 3 + buffer.readUInt16BE(1);
      if (buffer[0] === 0x10) socket.write(frame(buffer.subarray(3, end)));
      buffer = buffer.subarray(end);
    }
  });
  socket.on('error', () => {});
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
