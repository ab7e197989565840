import { PORT } from '@overlane/directory';
import { type Command, Option } from 'commander';
import { endpointOption } from './endpoints.js';
import type { ServeOptions } from './run-server.js';

const HELP = `
--store lmdb:DIR keeps the mappings on this machine, durably, in a folder that is made if needed; one server may use it.
--store etcd:HOST:PORT[,HOST:PORT...] keeps them in an etcd cluster, which any number of servers may use.
On loopback it is spoken to plainly, elsewhere by TLS.

Without --auth it is 'none' on loopback and 'mutual' elsewhere. Modes 'reply' and 'mutual' need --keys: a file with the
master key, made if it is not there. Clients that show the same file act as the controller, who may change everything.

It prints a line of JSON when it listens, one when all mappings are loaded, and one when it stops (SIGINT or SIGTERM, after
the updates under way); it logs JSON lines to standard error. --metrics serves /metrics (Prometheus) and /ready by HTTP.

--policy FILE says who may ask about whom beyond the own tenant:
  { "peerings": [[7, 9]], "groups": { "db": [{ "tenant": 7, "address": "10.1.2.3" }] }, "deny": [["default", "db"]] }`;

/** Adds `overlane directory serve`. */
export function addServeCommand(directory: Command): void {
  directory
    .command('serve')
    .description('run a lookup server until it is stopped')
    .requiredOption('--store <url>', 'where the mappings are: lmdb:DIR, or etcd:HOST:PORT,...')
    .addOption(
      new Option('--listen <host:port>', 'UDP address to answer on')
        .argParser(endpointOption(PORT))
        .default({ host: '127.0.0.1', port: PORT }, `127.0.0.1:${PORT}`),
    )
    .addOption(new Option('--auth <mode>', 'which messages need a tag').choices(['none', 'reply', 'mutual']))
    .option('--keys <file>', 'file with the master key')
    .option('--etcd-ca <file>', "certificate of the authority that signed etcd's, PEM")
    .option('--etcd-cert <file>', 'certificate to show to etcd, with --etcd-key')
    .option('--etcd-key <file>', 'its key')
    .option('--policy <file>', 'who may ask about whom, JSON')
    .option('--metrics <host:port>', 'serve /metrics and /ready here', endpointOption(9461))
    .option('--trust-hosts', 'hosts that prove who they are may ask about all tenants in their own name')
    .option('--wide-tenant', 'allow tenants above 2^24-1')
    .option('--insecure', 'allow --auth none beyond loopback: everybody can change everything')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
    .addHelpText('after', HELP)
    .action(serve);
}

/** What serves is loaded only here, for no other command needs it. */
async function serve(options: ServeOptions): Promise<void> {
  const { serve: run } = await import('./run-server.js');
  await run(options);
}
