/** Outside tools that judge packets, and the one shape in which they and we say what is in a packet. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What everybody must agree on. */
export interface Finding {
  readonly version: number;
  /** Octets. */
  readonly optionsLength: number;
  readonly control: boolean;
  readonly critical: boolean;
  readonly protocolType: number;
  readonly vni: number;
  readonly options: readonly {
    readonly optionClass: number;
    readonly type: number;
    readonly words: number;
    readonly data: string;
  }[];
}

const PYTHON = '/usr/bin/python3';
const SCRIPT = join(__dirname, 'scapy-judge.py');

/** A capture file in a folder of its own; gone when `work` returns. */
export function inWorkshop<T>(work: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-geneve-'));
  try {
    return work(join(folder, 'packets.pcap'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes IP packets as Ethernet frames to a pcap file (draft-ietf-opsawg-pcap). */
export function writePcap(file: string, packets: readonly Uint8Array[]): void {
  const words = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
  const parts = [words(0xa1b2c3d4, 0x0004_0002, 0, 0, 0xffff, 1)];
  packets.forEach((packet, i) => {
    const link = Buffer.alloc(14, 2);
    link.writeUInt16BE(packet[0]! >>> 4 === 4 ? 0x0800 : 0x86dd, 12);
    const length = link.length + packet.length;
    parts.push(words(i, 0, length, length), link, Buffer.from(packet));
  });
  writeFileSync(file, Buffer.concat(parts));
}

/** What scapy finds in a capture, or has put there. */
export interface ScapyFinding extends Finding {
  /** Outer source address, as text. */
  readonly source: string;
  /** Outer destination address, as text. */
  readonly destination: string;
  /** UDP ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Payload in hexadecimal. */
  readonly payload: string;
}

/** What scapy finds in a capture, and whether it builds the same octets from that. */
export function readByScapy(file: string): (ScapyFinding & { readonly rebuilt: boolean })[] {
  return lines(run(PYTHON, SCRIPT, 'read', file)).map((line) => JSON.parse(line));
}

/** Lets scapy write a capture, and says what it has put there. */
export function writeByScapy(
  file: string,
  count: number,
  seed: number,
): (ScapyFinding & { readonly octets: string })[] {
  return lines(run(PYTHON, SCRIPT, 'write', file, `${count}`, `${seed}`)).map((line) => JSON.parse(line));
}

/** What tshark finds in a capture. */
export interface TsharkFinding extends Finding {
  /** Protocols from the outermost on, such as `eth:ethertype:ip:udp:geneve:eth`. */
  readonly protocols: string;
  /** Anything that tshark calls malformed. */
  readonly malformed: string;
  /** Its word on every UDP checksum, outermost first; 1 is good. */
  readonly checksums: string;
}

const FIELDS = [
  'frame.protocols',
  '_ws.malformed',
  'udp.checksum.status',
  'geneve.version',
  'geneve.option.length',
  'geneve.flags.oam',
  'geneve.flags.critical',
  'geneve.proto_type',
  'geneve.vni',
  'geneve.option.class',
  'geneve.option.type',
  'geneve.option.unknown.data',
];

/** What tshark finds in a capture. Ports of tenants mean nothing to it: their octets are random. */
export function readByTshark(file: string): TsharkFinding[] {
  const data = ['udp.port==1-6080', 'udp.port==6082-49151', 'tcp.port==1-65535'];
  const settings = ['-o', 'udp.check_checksum:TRUE', ...data.flatMap((ports) => ['-d', `${ports},data`])];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  return lines(run('tshark', '-n', '-r', file, ...settings, '-T', 'fields', ...fields)).map((line) => {
    const [
      protocols,
      malformed,
      checksums,
      version,
      lengths,
      control,
      critical,
      protocolType,
      vni,
      classes,
      types,
      data,
    ] = line.split('\t') as [string, string, string, ...string[]];
    // The first length is that of all options, the others count their headers; all in octets.
    const [optionsLength, ...optionLengths] = list(lengths).map(Number);
    const [optionTypes, optionData] = [list(types), list(data)];
    return {
      protocols,
      malformed,
      checksums,
      version: Number(version),
      optionsLength: optionsLength!,
      control: control === '1',
      critical: critical === '1',
      protocolType: Number(protocolType),
      vni: Number(vni),
      options: list(classes).map((optionClass, i) => ({
        optionClass: Number(optionClass),
        type: Number(optionTypes[i]),
        words: optionLengths[i]! / 4 - 1,
        data: optionData[i]!.replace('<MISSING>', ''),
      })),
    };
  });
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',');
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function run(command: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}
