import { closeSync, openSync, writeSync } from 'node:fs';
import { LINKTYPE_ETHERNET, LINKTYPE_RAW, encodePcapHeader, encodePcapRecord } from '@overlane/capture';
import type { PacketBuffer, PacketStart, Port } from '@overlane/wire';

/** A pcap file of packets. Records wait in memory until `flush`, so that the data path makes no system call. */
export class CaptureFile {
  readonly #file: number;
  readonly #options: { readonly linkType: number; readonly resolution: 'nanoseconds' };
  #records: Uint8Array[] = [];

  /** Creates the file, or empties it. @throws Error as `fs.openSync` */
  constructor(path: string, startsWith: PacketStart = 'ip') {
    const linkType = startsWith === 'ip' ? LINKTYPE_RAW : LINKTYPE_ETHERNET;
    this.#options = { linkType, resolution: 'nanoseconds' };
    this.#file = openSync(path, 'w');
    writeSync(this.#file, encodePcapHeader(this.#options));
  }

  /** Records a packet. Allocates a copy of it: recording is for looking, not for speed. */
  record(packet: PacketBuffer): void {
    const timestampNs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
    this.#records.push(encodePcapRecord({ bytes: packet.view(), timestampNs }, this.#options));
    if (this.#records.length >= 256) this.flush();
  }

  /** Writes what was recorded. */
  flush(): void {
    for (const record of this.#records) writeSync(this.#file, record);
    this.#records = [];
  }

  /** Flushes and closes. */
  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** A port that records what passes through another. */
export class CapturingPort implements Port {
  readonly name: string;
  readonly #port: Port;
  readonly #file: CaptureFile;

  /** Records all packets of `port` in `file`, which stays the caller's to close. */
  constructor(port: Port, file: CaptureFile) {
    this.name = port.name;
    this.#port = port;
    this.#file = file;
  }

  receive(): number {
    const count = this.#port.receive();
    for (let i = 0; i < count; i++) this.#file.record(this.#port.packet(i));
    return count;
  }

  packet(index: number): PacketBuffer {
    return this.#port.packet(index);
  }

  send(packet: PacketBuffer): boolean {
    const taken = this.#port.send(packet);
    if (taken) this.#file.record(packet);
    return taken;
  }

  canFinish(packet: PacketBuffer): boolean {
    return this.#port.canFinish?.(packet) ?? false;
  }

  flush(): number {
    return this.#port.flush();
  }

  close(): void {
    this.#port.close();
  }
}
