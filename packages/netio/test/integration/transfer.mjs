// One TCP transfer for the cases: `node transfer.mjs serve PORT` prints the SHA-256 of what one client sends;
// `node transfer.mjs send HOST PORT OCTETS` sends that much and prints its SHA-256. Both print octets and digest.
import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';

const [, , role, ...words] = process.argv;
const hash = createHash('sha256');
let octets = 0;
const report = () => console.log(`${octets} ${hash.digest('hex')}`);

if (role === 'serve') {
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      octets += chunk.length;
      hash.update(chunk);
    });
    socket.on('end', () => {
      report();
      socket.end();
      server.close();
    });
  });
  server.listen(Number(words[0]), '::', () => console.log('ready'));
} else {
  const [host, port, wanted] = [words[0], Number(words[1]), Number(words[2])];
  const chunk = Buffer.alloc(65_537);
  for (let i = 0; i < chunk.length; i++) chunk[i] = (i * 31) ^ (i >> 8);
  const socket = connect(port, host);
  const more = () => {
    while (octets < wanted) {
      const part = chunk.subarray(0, Math.min(chunk.length, wanted - octets));
      octets += part.length;
      hash.update(part);
      if (!socket.write(Buffer.from(part))) return socket.once('drain', more);
      chunk.writeUInt32LE(octets % 0xffffffff, 0);
    }
    socket.end();
  };
  socket.on('connect', more);
  socket.on('end', () => {});
  socket.on('close', () => {
    report();
    process.exit(0);
  });
}
