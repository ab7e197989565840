import { Command } from 'commander';
import { addDecapCommand } from './commands/decap.js';
import { addDemoCommand } from './commands/demo.js';
import { addDirectoryCommand } from './commands/directory/index.js';
import { addDissectCommand } from './commands/dissect.js';
import { addEncapCommand } from './commands/encap.js';
import { addBenchCommand } from './commands/bench.js';
import { addNetlordCommand } from './commands/netlord.js';
import { addSwitchCommand } from './commands/switch.js';
import { VERSION } from './version.js';

/** The command line, ready to parse. Commands throw; nothing exits the process here. */
export function createProgram(): Command {
  const program = new Command('overlane')
    .description('Overlay networks: a reference switch, a demonstration, and tools for tunnelled packets')
    .version(VERSION)
    .showHelpAfterError('(overlane --help shows all commands, overlane COMMAND --help its options)')
    .exitOverride()
    .configureHelp({ sortOptions: false, showGlobalOptions: false })
    .addHelpText('after', '\nExit status: 0 done, 1 the input or the outcome is bad, 2 wrong use.');
  for (const add of COMMANDS) add(program);
  // Options of a command are parsed by the command, so each needs the same manners.
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(overlane ${command.name()} --help)`);
  return program;
}

const COMMANDS = [
  addDemoCommand,
  addDissectCommand,
  addEncapCommand,
  addDecapCommand,
  addSwitchCommand,
  addDirectoryCommand,
  addNetlordCommand,
  addBenchCommand,
];
