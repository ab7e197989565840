/** Parsers of option values for commander: each names what it takes, and commander names the option. */
import { type Stats, fstatSync, statSync } from 'node:fs';
import { IpAddress, parseMac } from '@overlane/wire';
import { InvalidArgumentError } from 'commander';
import { STANDARD_STREAM } from '../captures/capture-input.js';
import { UsageError } from '../exit.js';

const INTEGER = /^(?:[0-9]+|0x[0-9a-f]+)$/i;

/** Takes an integer in `min..max`, decimal or with `0x`. */
export function integerOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = INTEGER.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`It must be an integer in ${min}..${max}.`);
    return value;
  };
}

/** Takes UDP or TCP ports, one per use of the option. */
export function portsOption(text: string, previous: readonly number[] | undefined): readonly number[] {
  return [...(previous ?? []), integerOption(1, 65_535)(text)];
}

/** Takes an IPv4 or IPv6 address. */
export function addressOption(text: string): IpAddress {
  try {
    return IpAddress.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1.');
  }
}

/** Takes a MAC. */
export function macOption(text: string): Uint8Array {
  try {
    return parseMac(text);
  } catch {
    throw new InvalidArgumentError('It must be a MAC address, such as 02:00:c0:00:02:01.');
  }
}

/** Refuses one file as input and output, under whatever names: reading and writing it at once would destroy it. */
export function requireTwoFiles(inputPath: string, outputPath: string): void {
  const input = statOf(inputPath, 0);
  const output = statOf(outputPath, 1);
  const isSame = input !== undefined && input.dev === output?.dev && input.ino === output.ino && input.isFile();
  if (isSame) throw new UsageError(`IN and OUT are the same file, ${inputPath}; OUT must be another one`);
}

/** What stands behind a path, or behind the descriptor that `-` means. */
function statOf(path: string, descriptor: number): Stats | undefined {
  return path === STANDARD_STREAM ? fstatSync(descriptor) : statSync(path, { throwIfNoEntry: false });
}
