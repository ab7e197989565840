import type { Command } from 'commander';
import type { EtcdFiles } from './stores.js';

const HELP = `
After a restore from a backup, versions that clients have seen may be given again to something else. This says so: servers
load everything anew, and clients forget what they have cached. Run it before servers start.`;

/** Adds `overlane directory new-epoch`. */
export function addNewEpochCommand(directory: Command): void {
  directory
    .command('new-epoch')
    .description('declare that the store was restored from a backup or rebuilt')
    .requiredOption('--store <url>', 'the store: lmdb:DIR, or etcd:HOST:PORT,...')
    .option('--etcd-ca <file>', "certificate of the authority that signed etcd's, PEM")
    .option('--etcd-cert <file>', 'certificate to show to etcd, with --etcd-key')
    .option('--etcd-key <file>', 'its key')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(advance);
}

interface NewEpochOptions extends EtcdFiles {
  readonly store: string;
  readonly json?: true;
}

async function advance({ store: url, json, ...files }: NewEpochOptions): Promise<void> {
  // Stores are loaded only here, for clients need none.
  const { openStore } = await import('./stores.js');
  const store = await openStore(url, files);
  try {
    const { epoch, revision } = await store.advanceEpoch();
    const text = json === true ? JSON.stringify({ epoch, revision: Number(revision) }) : `epoch ${epoch}`;
    process.stdout.write(`${text}\n`);
  } finally {
    await store.close();
  }
}
