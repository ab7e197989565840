import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** An IP address and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Takes `HOST:PORT`, `[IPv6]:PORT`, or the address alone with the port `defaultPort`. */
export function endpointOption(defaultPort: number): (text: string) => Endpoint {
  return (text) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = bracketed ?? plain ?? (isIP(text) === 6 ? text : '');
    const number = port === undefined ? defaultPort : Number(port);
    if (isIP(host) === 0 || number > 65_535) {
      throw new InvalidArgumentError('It must be an IP address and a port, such as 127.0.0.1:7461 or [::1]:7461.');
    }
    return { host, port: number };
  };
}

/** The same, once per use of the option. */
export function endpointsOption(
  defaultPort: number,
): (text: string, previous: readonly Endpoint[]) => readonly Endpoint[] {
  const parse = endpointOption(defaultPort);
  return (text, previous = []) => [...previous, parse(text)];
}

/** Text of an endpoint. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True if only this machine can reach it. */
export function isLoopback({ host }: Endpoint): boolean {
  return host === '::1' || host.startsWith('127.');
}
