/** What people see of the demonstration. */
import type { DissectedLayer } from '@overlane/layout';
import Table from 'cli-table3';
import type { ProbeResult } from './checks.js';
import { explainLayers } from './demo-capture.js';
import { type EncapsulationName, HOSTS, STATIONS, TENANTS, addressOf, stationsOn, wantedAnswers } from './topology.js';
import type { SwitchCounters } from './world.js';

/** Where lines go: a terminal shows a step while it runs. */
export interface ReportStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Writes the demonstration's progress and results. */
export class Report {
  readonly #stream: ReportStream;
  readonly #now: () => number;

  /** Writes to `stream`; `now` is a clock in milliseconds. */
  constructor(stream: ReportStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  /** A line, or several. */
  print(...lines: readonly string[]): void {
    for (const line of lines) this.#stream.write(`${line}\n`);
  }

  /** Runs a step, and shows its outcome and time. It failed if it throws, or returns `failures`. */
  async step<Result>(title: string, run: () => Promise<Result> | Result): Promise<Result> {
    const startMs = this.#now();
    if (this.#stream.isTTY === true) this.#stream.write(`  … ${title}`);
    const end = (mark: string): void => {
      const lead = this.#stream.isTTY === true ? '\r' : '';
      this.print(`${lead}  ${mark} ${title}  (${Math.round(this.#now() - startMs)} ms)`);
    };
    try {
      const result = await run();
      end(failuresOf(result).length === 0 ? '✓' : '✗');
      return result;
    } catch (error) {
      end('✗');
      throw error;
    }
  }

  /** The topology as a picture. */
  printTopology(encapsulation: EncapsulationName): void {
    const [left, right] = HOSTS;
    const width = 24;
    const rows = TENANTS.map(({ name, network }, i) => {
      const branch = i === TENANTS.length - 1 ? '└─' : '├─';
      const [near, far] = STATIONS.filter(({ tenant }) => tenant === name).map(
        (station) => `${branch} ${station.name.padEnd(6)} ${station.addresses.join(', ')}`,
      );
      return `  ${near!.padEnd(width)}   ${`network ${network}`.padEnd(width)}${far}`;
    });
    const tunnel = ` ${encapsulation} over the ${encapsulation === 'netlord' ? 'fabric' : 'underlay'} `;
    const macs = HOSTS.map((host) => `${stationsOn(host)[0]!.mac} on ${host.name}`).join(', ');
    this.print(
      '',
      `  ${`${left.name} ${addressOf(left, encapsulation)} `.padEnd(width, '═')}${tunnel.padEnd(width + 2, '═')} ${right.name} ${addressOf(right, encapsulation)}`,
      ...rows,
      `  Both tenants use the same addresses and the same MACs: ${macs}.`,
      '',
    );
  }

  /** Probes and their outcome, as a table. */
  printProbes(title: string, probes: readonly ProbeResult[]): void {
    const table = new Table({ head: ['from', 'to', 'MAC found by', 'sent', 'answered', 'as it must'], style: PLAIN });
    for (const probe of probes) {
      const { from, address, owner, pinnedMac, count, dataLength, answered } = probe;
      const size = dataLength === undefined ? '' : `, ${dataLength} octets of data`;
      const target = `${address} (${owner.name})${size}`;
      const found = pinnedMac === undefined ? 'ARP' : 'static entry';
      table.push([from.name, target, found, count, answered, answered === wantedAnswers(probe) ? '✓' : '✗']);
    }
    this.print('', title, table.toString());
  }

  /** Counters of the switches' ports. */
  printCounters(counters: SwitchCounters): void {
    const table = new Table({ head: ['switch', 'port', 'received', 'sent', 'faults'], style: PLAIN });
    for (const [host, { ports }] of counters) {
      for (const [port, { rxPackets, txPackets, faults }] of Object.entries(ports)) {
        const named = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
        table.push([host, port, rxPackets, txPackets, named.join(', ') || '-']);
      }
    }
    this.print('', 'The switches, in packets', table.toString());
  }

  /** What the flow caches did, and the flows with the most packets. */
  printFlows(counters: SwitchCounters): void {
    const table = new Table({
      head: ['switch', 'packets', 'microflow hits', 'megaflow hits', 'decided anew', 'megaflows', 'masks'],
      style: PLAIN,
    });
    for (const [host, { flows }] of counters) {
      const { lookups, microflowHits, megaflowHits, misses, flows: count, masks } = flows;
      table.push([host, lookups, microflowHits, megaflowHits, misses, count, masks]);
    }
    const busiest = [...counters].flatMap(([host, { flows }]) =>
      flows.megaflows.slice(0, FLOWS_SHOWN).map((flow) => ({ host, ...flow })),
    );
    const lines = busiest.map(({ host, match, program, packets }) => `  ${host}: ${match} -> ${program} (${packets})`);
    this.print('', 'The flow caches, in packets', table.toString(), 'Their busiest megaflows', ...lines);
  }

  /** One packet from the outside in. */
  printExample(layers: readonly DissectedLayer[]): void {
    this.print('', 'One packet of the capture, from the outside in (offset, length, header)', ...explainLayers(layers));
  }

  /** Where the capture is and how to look at it. */
  printCapture(file: string, packets: number): void {
    this.print(
      '',
      `${packets} packets of the underlay, both directions, as ${HOSTS[0].name}'s switch saw them: ${file}`,
      `Look at them with: overlane dissect ${file}, or wireshark ${file}`,
    );
  }
}

/** Megaflows of each switch that are shown. */
const FLOWS_SHOWN = 3;
const PLAIN = { head: [], border: [], compact: true };

function failuresOf(result: unknown): readonly unknown[] {
  const { failures = [] } = (result ?? {}) as { failures?: readonly unknown[] };
  return failures;
}
