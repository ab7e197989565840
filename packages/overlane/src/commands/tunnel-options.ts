/** The options that say what is which tunnel, made from the table of protocols. */
import { type Command, Option } from 'commander';
import { TUNNEL_PROTOCOLS, type TunnelProtocol, hasPorts } from '../captures/tunnel-protocols.js';
import { UsageError } from '../exit.js';
import { portsOption } from './option-values.js';

/** A protocol to be recognised. */
export interface RecognisedTunnel {
  /** Which one. */
  readonly protocol: TunnelProtocol;
  /** Its ports; empty for a protocol without ports. */
  readonly ports: readonly number[];
}

/** Adds `--vxlan-port <n>` and its like for those of `protocols` that have ports, and `--nvgre` for what must be asked for. */
export function addTunnelOptions(command: Command, protocols: readonly TunnelProtocol[]): Command {
  for (const { name, ports } of protocols.filter(hasPorts)) {
    const usual = ports.length === 0 ? '' : `, instead of ${ports.join(' and ')}`;
    const description = `port of ${name}${usual}; may be given several times`;
    command.addOption(new Option(`--${name}-port <n>`, description).argParser(portsOption));
  }
  for (const protocol of protocols.filter(({ recognised }) => recognised === 'asked')) {
    command.option(`--${protocol.name}`, describeAsked(protocol));
  }
  return command;
}

/** What is to be recognised, after the user's word. @throws UsageError if two protocols are given one port */
export function readTunnels(options: Readonly<Record<string, unknown>>): readonly RecognisedTunnel[] {
  const taken = new Map<string, string>();
  for (const protocol of TUNNEL_PROTOCOLS) {
    for (const port of givenPorts(protocol, options) ?? []) {
      const place = placeOf(protocol, port);
      const other = taken.get(place) ?? protocol.name;
      if (other !== protocol.name) {
        throw new UsageError(`--${other}-port and --${protocol.name}-port are both ${port}; a port has one protocol`);
      }
      taken.set(place, protocol.name);
    }
  }
  // A port that the user gives to one protocol is no longer another's default.
  return TUNNEL_PROTOCOLS.filter((protocol) => isRecognised(protocol, options)).map((protocol) => ({
    protocol,
    ports: givenPorts(protocol, options) ?? protocol.ports.filter((port) => !taken.has(placeOf(protocol, port))),
  }));
}

/** Protocols without ports have their IP protocol for themselves. */
function isRecognised(protocol: TunnelProtocol, options: Readonly<Record<string, unknown>>): boolean {
  if (hasPorts(protocol)) return true;
  const asked = TUNNEL_PROTOCOLS.find(
    ({ name, ipProtocol, recognised }) =>
      recognised === 'asked' && ipProtocol === protocol.ipProtocol && options[attributeOf(name)] === true,
  );
  return asked === undefined ? protocol.recognised === 'always' : asked === protocol;
}

function givenPorts(
  { name }: TunnelProtocol,
  options: Readonly<Record<string, unknown>>,
): readonly number[] | undefined {
  return options[attributeOf(`${name}-port`)] as readonly number[] | undefined;
}

/** UDP and TCP count their ports apart. */
function placeOf({ ipProtocol }: TunnelProtocol, port: number): string {
  return `${ipProtocol}/${port}`;
}

function describeAsked({ name, ipProtocol, places }: TunnelProtocol): string {
  if (places === undefined) return `take IP protocol ${ipProtocol} for ${name}, not ${usualName(ipProtocol)}`;
  return `take IPv4 protocols ${Object.keys(places.ipv4Headers ?? {}).join(' and ')} for ${name}, not for anybody's experiment`;
}

function usualName(ipProtocol: number): string {
  const usual = TUNNEL_PROTOCOLS.find((other) => other.ipProtocol === ipProtocol && other.recognised === 'always');
  return usual?.name ?? 'data';
}

/** Commander's name for the value of an option: `vxlanGpePort` for `vxlan-gpe-port`. */
function attributeOf(option: string): string {
  return new Option(`--${option}`).attributeName();
}
