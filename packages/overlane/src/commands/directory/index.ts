import type { Command } from 'commander';
import { addLookupCommand } from './lookup.js';
import { addNewEpochCommand } from './new-epoch.js';
import { addPutCommand, addRemoveCommand } from './put.js';
import { addServeCommand } from './serve.js';
import { addWatchCommand } from './watch.js';

const HELP = `
The directory answers one question: inside tenant N, where is this address now? On one machine:

  overlane directory serve --store lmdb:/var/lib/overlane
  overlane directory put --server 127.0.0.1:7461 --tenant 7 10.1.2.3 192.0.2.1
  overlane directory lookup --server 127.0.0.1:7461 --tenant 7 10.1.2.3

Beyond loopback all messages are authenticated, by keys that are made from one master key:

  overlane directory serve --store etcd:HOST:2379,... --listen 192.0.2.9:7461 --keys FILE
  overlane directory lookup --server 192.0.2.9:7461 --keys FILE --tenant 7 10.1.2.3`;

/** Adds `overlane directory` with its commands. */
export function addDirectoryCommand(program: Command): void {
  const directory = program
    .command('directory')
    .description("where tenants' addresses are: a lookup server, and its clients")
    .addHelpText('after', HELP);
  for (const add of [
    addServeCommand,
    addPutCommand,
    addRemoveCommand,
    addLookupCommand,
    addWatchCommand,
    addNewEpochCommand,
  ])
    add(directory);
  for (const command of directory.commands) {
    command.exitOverride().showHelpAfterError(`(overlane directory ${command.name()} --help)`);
  }
}
