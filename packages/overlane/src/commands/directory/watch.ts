import { setTimeout as pause } from 'node:timers/promises';
import { DirectoryError, type ResolvedMapping } from '@overlane/directory';
import type { DirectoryClient } from '@overlane/directory/node';
import type { Command } from 'commander';
import { OutcomeError } from '../../exit.js';
import { integerOption } from '../option-values.js';
import { addressText } from './addresses.js';
import { type ClientOptions, addClientOptions, openClient } from './client-options.js';
import { explain } from './lookup.js';
import { toJson, toText } from './mapping-text.js';

const HELP = `
Prints a line now and whenever an address moves, appears or goes, until it is stopped. It asks the servers, so it sees what
their clients see; two changes between two questions are one line.`;

/** Adds `overlane directory watch`. */
export function addWatchCommand(directory: Command): void {
  const command = directory
    .command('watch')
    .description('follow where addresses of a tenant are')
    .argument('<address...>', 'IPv4, IPv6 or MAC addresses of the tenant', (text: string, previous?: string[]) => [
      ...(previous ?? []),
      addressText(text),
    ]);
  addClientOptions(command)
    .option('--interval <ms>', 'time between two questions', integerOption(10, 3_600_000), 500)
    .addHelpText('after', HELP)
    .action(watch);
}

interface WatchOptions extends ClientOptions {
  readonly interval: number;
}

async function watch(addresses: readonly string[], options: WatchOptions): Promise<void> {
  // Nothing is cached: each question is one to the servers.
  const client = await openClient(options, { negativeTtlMs: 0, maxStaleMs: 0 });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const known = new Map<string, string>();
  try {
    while (!stop.signal.aborted) {
      for (const address of addresses) {
        const line = lineOf(options, address, await find(client, options.tenant, address));
        if (known.get(address) === line) continue;
        known.set(address, line);
        process.stdout.write(`${line}\n`);
      }
      await pause(options.interval, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    await client.close();
  }
}

async function find(client: DirectoryClient, tenant: number, address: string): Promise<ResolvedMapping | undefined> {
  try {
    return await client.resolve({ tenant, aa: address, freshness: 'confirmed' });
  } catch (error) {
    if (!DirectoryError.is(error)) throw error;
    if (error.code === 'NOT_FOUND') return undefined;
    throw new OutcomeError(explain(error));
  }
}

function lineOf({ tenant, json }: ClientOptions, address: string, mapping: ResolvedMapping | undefined): string {
  if (mapping === undefined) {
    return json === true ? JSON.stringify({ tenant, address, locators: [] }) : `${tenant}/${address} is nowhere`;
  }
  return json === true ? JSON.stringify(toJson(mapping)) : toText(mapping);
}
