import { readFileSync } from 'node:fs';

/** What a short datagram takes in the kernel's queue, with all that belongs to it. */
const OCTETS_PER_DATAGRAM = 1024;

/** About how many datagrams wait in the sockets on a UDP port, as Linux tells; 0 where it does not. */
export function countWaiting(port: number, family: 4 | 6): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  let octets = 0;
  try {
    for (const line of readFileSync(family === 4 ? '/proc/net/udp' : '/proc/net/udp6', 'latin1').split('\n')) {
      const [, local = '', , , queues = ''] = line.trim().split(/\s+/);
      if (local.endsWith(`:${wanted}`)) octets += parseInt(queues.slice(queues.indexOf(':') + 1), 16);
    }
  } catch {
    return 0;
  }
  return octets / OCTETS_PER_DATAGRAM;
}
