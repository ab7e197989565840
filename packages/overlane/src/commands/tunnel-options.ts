/** The options that say which ports carry which tunnel, made from the table of protocols. */
import { type Command, Option } from 'commander';
import { TUNNEL_PROTOCOLS, type TunnelProtocol } from '../captures/tunnel-protocols.js';
import { UsageError } from '../exit.js';
import { portsOption } from './option-values.js';

/** Ports by name of protocol. */
export type TunnelPorts = ReadonlyMap<string, readonly number[]>;

/** Adds `--vxlan-port <n>` and its like for those of `protocols` that have ports. */
export function addPortOptions(command: Command, protocols: readonly TunnelProtocol[]): Command {
  for (const { name, ports } of protocols.filter((protocol) => protocol.ports.length > 0)) {
    const description = `port of ${name}, instead of ${ports.join(' and ')}; may be given several times`;
    command.addOption(new Option(`--${name}-port <n>`, description).argParser(portsOption));
  }
  return command;
}

/** The ports after the user's word. @throws UsageError if two protocols are given one port */
export function readTunnelPorts(options: Readonly<Record<string, unknown>>): TunnelPorts {
  const given = TUNNEL_PROTOCOLS.map(
    ({ name }) => [name, options[keyOf(name)] as readonly number[] | undefined] as const,
  );
  const taken = new Map<number, string>();
  for (const [name, ports = []] of given) {
    for (const port of ports) {
      const other = taken.get(port) ?? name;
      if (other !== name)
        throw new UsageError(`--${other}-port and --${name}-port are both ${port}; a port has one protocol`);
      taken.set(port, name);
    }
  }
  // A port that the user gives to one protocol is no longer another's default.
  return new Map(
    given.map(([name, ports]) => {
      const defaults = TUNNEL_PROTOCOLS.find((protocol) => protocol.name === name)?.ports ?? [];
      return [name, ports ?? defaults.filter((port) => !taken.has(port))];
    }),
  );
}

/** Commander's name for the value of `--vxlan-gpe-port`: `vxlanGpePort`. */
function keyOf(protocol: string): string {
  return new Option(`--${protocol}-port <n>`).attributeName();
}
