// What the cases share.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { NetioError, Poller, UnderlaySocket } from '@overlane/netio';
import { IpAddress } from '@overlane/wire';

export const ip = (...words) => execFileSync('ip', words);
export const openFiles = () => readdirSync('/proc/self/fd').length;
export const LOOPBACK_6 = new Uint8Array(16).fill(1, 15);

/** Receives until `count` packets came or two seconds have passed; returns copies. */
export function collect(port, count) {
  const packets = [];
  const poller = new Poller([port]);
  const end = Date.now() + 2000;
  while (packets.length < count && Date.now() < end) {
    const n = port.receive();
    for (let i = 0; i < n; i++) {
      const packet = port.packet(i);
      packets.push({ bytes: packet.copy(), checksum: packet.checksum, alignment: packet.start % 4 });
    }
    if (n === 0) poller.wait(50);
  }
  poller.close();
  return packets;
}

export function errorOf(action) {
  try {
    action();
    return { code: 'none' };
  } catch (error) {
    return NetioError.is(error)
      ? { code: error.code, errno: error.errno, message: error.message }
      : { code: String(error) };
  }
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const underlay = (address, options = {}) =>
  new UnderlaySocket({ local: IpAddress.parse(address), transport: { protocol: 'udp', port: 4789 }, ...options });

export function collectMatching(port, matches) {
  const end = Date.now() + 2000;
  while (Date.now() < end) {
    const found = collect(port, 1).find(matches);
    if (found !== undefined) return found;
  }
  throw new Error('the expected frame did not come');
}

export function drain(port) {
  while (port.receive() > 0);
}

/** Identity of a namespace file. */
export function namespaceOf(path) {
  return execFileSync('stat', ['-Lc', '%i', path.replace('thread-self', `${process.pid}`)], {
    encoding: 'utf8',
  }).trim();
}
