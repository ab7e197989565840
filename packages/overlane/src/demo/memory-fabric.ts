/** The fabric of `netlord-plan.ts` as objects: models of its switches, and links between them that can be cut. */
import { edge } from '@overlane/netlord';
import { type MemoryPort, createMemoryLink } from '@overlane/switch';
import { type Fault, PacketBuffer, type Port } from '@overlane/wire';
import { HOST_PLACES, SWITCH_CONFIGS } from './netlord-plan.js';

interface OnTheWay {
  readonly to: string;
  readonly device: string;
  readonly frame: Uint8Array;
}

/** All switches of the fabric. They do nothing by themselves: `turn` carries what hosts have sent. */
export class MemoryFabric {
  /** Packets that switches dropped, by fault. */
  readonly faults = new Map<Fault, number>();
  /** Links that are cut, by id. */
  readonly cut = new Set<number>();
  readonly #switches = new Map(SWITCH_CONFIGS.map((config) => [config.name, new edge.EdgeSwitch(config)]));
  readonly #hosts = new Map<string, MemoryPort>();
  /** Packets sent, by switch and device. */
  readonly #sent = new Map<string, number>();

  /** The end of the link that leads from `host` to its edge switch, for the host. */
  attach(host: string): Port {
    const { edge: at, port } = HOST_PLACES[host]!;
    const [near, far] = createMemoryLink([`ethernet of ${host}`, `${at} p${port}`]);
    this.#hosts.set(`${at} p${port}`, far);
    return near;
  }

  /** Carries everything that hosts have sent. Returns how many frames that were. */
  turn(nowMs: number): number {
    let count = 0;
    for (const [place, port] of this.#hosts) {
      const [name, device] = place.split(' ') as [string, string];
      const received = port.receive();
      count += received;
      for (let i = 0; i < received; i++) this.#carry({ to: name, device, frame: port.packet(i).copy() }, nowMs);
    }
    return count;
  }

  /** Packets that a switch has sent on a link. */
  packetsTo(name: string, link: number): number {
    return this.#sent.get(`${name} l${link}`) ?? 0;
  }

  /** What each core switch has learned, as `FabricControl` has it. */
  coreTables(nowMs: number): ReadonlyMap<string, readonly string[]> {
    const cores = [...this.#switches].filter(([, { config }]) => config.kind === 'core');
    return new Map(cores.map(([name, one]) => [name, one.fib(nowMs).map(({ mac, vlan }) => `${mac} on VLAN ${vlan}`)]));
  }

  /** SPAIN's VLANs have no loops, so this ends. */
  #carry(first: OnTheWay, nowMs: number): void {
    const open = [first];
    for (const { to, device, frame } of open) {
      const one = this.#switches.get(to)!;
      const { ports } = one.config;
      const at = ports.findIndex((port) => port.device === device);
      const fault = one.receive(at, PacketBuffer.from(frame), nowMs, (leaving, packet) => {
        const { device: by, peer } = ports[leaving]!;
        this.#sent.set(`${to} ${by}`, (this.#sent.get(`${to} ${by}`) ?? 0) + 1);
        const copy = packet.copy();
        if (peer === undefined) this.#hosts.get(`${to} ${by}`)?.send(new PacketBuffer(copy));
        else if (!this.cut.has(Number(by.slice(1)))) open.push({ to: peer, device: by, frame: copy });
      });
      if (fault !== undefined) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    }
  }
}
