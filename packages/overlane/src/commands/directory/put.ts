import {
  type ChangeRequest,
  DirectoryError,
  type EncapsulationName,
  type LocatorText,
  TTL_DEFAULT,
  TTL_MAX,
} from '@overlane/directory';
import { type Command, Option } from 'commander';
import { OutcomeError } from '../../exit.js';
import { integerOption } from '../option-values.js';
import { addressText, locatorTexts } from './addresses.js';
import { type ClientOptions, addClientOptions, openClient } from './client-options.js';
import { explain } from './lookup.js';

const ENCAPSULATIONS: readonly EncapsulationName[] = ['vxlan', 'geneve', 'stt', 'gre', 'dove', 'netlord', 'ip-in-ip'];

const PUT_HELP = `
Ends when the change is durable. A host may put an address that is free or its own, at locators that are its own. Which these
are, the controller says by mappings of tenant 0: the locator as address and as locator, the host as --owner. So first the one
line, then the other:

  overlane directory put --server 127.0.0.1:7461 --tenant 0 192.0.2.1 192.0.2.1 --owner 17
  overlane directory put --server 127.0.0.1:7461 --tenant 7 10.1.2.3 192.0.2.1 --owner 17`;

/** Adds `overlane directory put`. */
export function addPutCommand(directory: Command): void {
  const command = directory
    .command('put')
    .description('say where an address of a tenant is from now on')
    .argument('<address>', 'IPv4, IPv6 or MAC address of the tenant', addressText)
    .argument('<locator...>', 'where it is: up to 8 underlay addresses, each perhaps with /PORT', locatorTexts);
  addClientOptions(command)
    .addOption(new Option('--encapsulation <name>', 'how to reach it there').choices(ENCAPSULATIONS).default('vxlan'))
    .option('--mac <mac>', 'MAC that the ARP proxy answers')
    .option('--ttl <seconds>', 'how long answers hold', integerOption(1, TTL_MAX), TTL_DEFAULT)
    .option('--owner <n>', 'host that may change it; without it, who asks', integerOption(0, 0xff_ffff))
    .option(
      '--if-version <n>',
      'only if this version is there; 0: only if nothing is',
      integerOption(0, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText('after', PUT_HELP)
    .action(put);
}

/** Adds `overlane directory remove`. */
export function addRemoveCommand(directory: Command): void {
  const command = directory
    .command('remove')
    .description('say that an address of a tenant is nowhere any more; status 1 if it was not there')
    .argument('<address>', 'IPv4, IPv6 or MAC address of the tenant', addressText);
  addClientOptions(command)
    .option('--if-version <n>', 'only if this version is there', integerOption(1, Number.MAX_SAFE_INTEGER))
    .action(remove);
}

interface PutOptions extends ClientOptions {
  readonly encapsulation: EncapsulationName;
  readonly mac?: string;
  readonly ttl: number;
  readonly owner?: number;
  readonly ifVersion?: number;
}

async function put(address: string, locators: readonly LocatorText[], options: PutOptions): Promise<void> {
  const { encapsulation, mac, ttl, owner, ifVersion } = options;
  const contents = {
    tenant: options.tenant,
    aa: address,
    locators: locators.map((locator) => ({ ...locator, encapsulation })),
    ttl,
    ...(mac !== undefined && { mac }),
    ...(owner !== undefined && { owner }),
  };
  await update(
    options,
    ifVersion === undefined ? { op: 'put', ...contents } : { op: 'putIf', ...contents, expectVersion: ifVersion },
  );
}

async function remove(address: string, options: ClientOptions & { readonly ifVersion?: number }): Promise<void> {
  const { tenant, ifVersion } = options;
  const which = { tenant, aa: address };
  await update(
    options,
    ifVersion === undefined ? { op: 'delete', ...which } : { op: 'deleteIf', ...which, expectVersion: ifVersion },
  );
}

async function update(options: ClientOptions, change: ChangeRequest): Promise<void> {
  const client = await openClient(options);
  try {
    const [result] = await client.update([change]);
    const { version } = result!;
    const { tenant, aa: address } = change;
    const text = options.json === true ? JSON.stringify({ tenant, address, version }) : `version ${version}`;
    process.stdout.write(`${text}\n`);
  } catch (error) {
    throw DirectoryError.is(error) ? new OutcomeError(explain(error)) : error;
  } finally {
    await client.close();
  }
}
