/** Options that all clients of the directory share, and the client made of them. */
import { type AuthMode, PORT, deriveHostKey } from '@overlane/directory';
import { DirectoryClient, type DirectoryClientOptions, hmacSha256 } from '@overlane/directory/node';
import { type Command, Option } from 'commander';
import { UsageError } from '../../exit.js';
import { integerOption } from '../option-values.js';
import { type Endpoint, endpointsOption, formatEndpoint } from './endpoints.js';
import { readKeys } from './keys.js';

/** Values of the shared options. */
export interface ClientOptions {
  readonly server: readonly Endpoint[];
  readonly tenant: number;
  readonly keys?: string;
  readonly hostId: number;
  readonly auth?: AuthMode;
  readonly json?: true;
}

/** Text for the help of a client command. */
export const CLIENT_HELP = `
Without --keys nothing is authenticated: for servers on loopback. With the file of the servers' master key the command acts
as the controller, or as the host that --host-id names. More than one --server: they are asked two at a time.`;

/** Adds the shared options to a command. */
export function addClientOptions(command: Command): Command {
  return command
    .requiredOption('--server <host:port>', 'a lookup server; may be repeated', endpointsOption(PORT))
    .requiredOption('--tenant <n>', 'the tenant whose address it is', integerOption(0, 0xffff_ffff))
    .option('--keys <file>', "file with the servers' master key")
    .option('--host-id <n>', 'act as this host; 0 is the controller', integerOption(0, 0xff_ffff), 0)
    .addOption(new Option('--auth <mode>', 'with --keys, which messages need a tag').choices(['reply', 'mutual']))
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', CLIENT_HELP);
}

/** How long a person waits rather than asks again. */
const PATIENCE_MS = 2000;

/** A client for a command. The caller must close it. @throws UsageError for keys that can't be read */
export function openClient(
  options: ClientOptions,
  more: Partial<DirectoryClientOptions> = {},
): Promise<DirectoryClient> {
  if (options.auth !== undefined && options.keys === undefined)
    throw new UsageError(`--auth ${options.auth} needs --keys FILE`);
  return DirectoryClient.open({
    servers: options.server.map(formatEndpoint),
    deadlineMs: PATIENCE_MS,
    wideTenant: true,
    ...(options.keys !== undefined && { auth: authOf(options.keys, options) }),
    ...more,
  });
}

function authOf(path: string, { hostId, auth = 'mutual' }: ClientOptions): NonNullable<DirectoryClientOptions['auth']> {
  const masters = readKeys(path);
  const keyEpoch = Math.max(...masters.keys());
  return { mode: auth, hostId, keyEpoch, key: deriveHostKey(hmacSha256, masters.get(keyEpoch)!, hostId) };
}
