import { DirectoryError } from '@overlane/directory';
import type { Command } from 'commander';
import { OutcomeError } from '../../exit.js';
import { addressText } from './addresses.js';
import { type ClientOptions, addClientOptions, openClient } from './client-options.js';
import { toJson, toText } from './mapping-text.js';

/** Adds `overlane directory lookup`. */
export function addLookupCommand(directory: Command): void {
  const command = directory
    .command('lookup')
    .description('say where an address of a tenant is; status 1 if nobody knows')
    .argument('<address>', 'IPv4, IPv6 or MAC address of the tenant', addressText);
  addClientOptions(command)
    .option('--source <address>', 'the address of the tenant that asks; without it, the host asks', addressText)
    .option('--fresh', 'have the server confirm the answer with the store')
    .action(lookup);
}

interface LookupOptions extends ClientOptions {
  readonly source?: string;
  readonly fresh?: true;
}

async function lookup(address: string, options: LookupOptions): Promise<void> {
  const client = await openClient(options);
  try {
    const mapping = await client.resolve({
      tenant: options.tenant,
      aa: address,
      ...(options.source !== undefined && { source: options.source }),
      freshness: options.fresh === true ? 'confirmed' : 'cached',
    });
    process.stdout.write(`${options.json === true ? JSON.stringify(toJson(mapping)) : toText(mapping)}\n`);
  } catch (error) {
    throw DirectoryError.is(error) ? new OutcomeError(explain(error)) : error;
  } finally {
    await client.close();
  }
}

/** What a failure means to whoever typed the command. */
export function explain({ code, message }: DirectoryError): string {
  switch (code) {
    case 'NOT_FOUND':
      return `${message}: nobody has that address, or you may not know`;
    case 'NO_SERVER':
    case 'DEADLINE':
      return `${message}: no server answers; is it running, and are --keys those of the server?`;
    case 'NOT_OWNER':
      return `${message}: another host owns the address, or the locator is not this host's`;
    default:
      return message;
  }
}
