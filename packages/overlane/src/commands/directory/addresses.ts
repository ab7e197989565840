import { type LocatorText, parseAddress } from '@overlane/directory';
import { InvalidArgumentError } from 'commander';

/** Takes an IPv4, IPv6 or MAC address, as text. */
export function addressText(text: string): string {
  try {
    parseAddress(text);
    return text;
  } catch {
    throw new InvalidArgumentError('It must be an IPv4, IPv6 or MAC address, such as 10.1.2.3.');
  }
}

/** Takes locators: addresses, each perhaps with `/PORT`, one per argument. */
export function locatorTexts(text: string, previous: readonly LocatorText[] | undefined): readonly LocatorText[] {
  const [, address = '', port] = /^([^/]+)(?:\/(\d{1,5}))?$/.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) throw new InvalidArgumentError('A port must be in 0..65535.');
  return [...(previous ?? []), { address: addressText(address), ...(port !== undefined && { port: Number(port) }) }];
}
