import type { Command } from 'commander';
import { addDecapCommand } from './commands/decap.js';
import { addDemoCommand } from './commands/demo.js';
import { addDirectoryCommand } from './commands/directory/index.js';
import { addDissectCommand } from './commands/dissect.js';
import { addEncapCommand } from './commands/encap.js';
import { addBenchCommand } from './commands/bench.js';
import { addNetlordCommand } from './commands/netlord.js';
import { addSwitchCommand } from './commands/switch.js';
import { createProgramOf } from './program-frame.js';

/** The command line with all commands, ready to parse. Commands throw; nothing exits the process here. */
export function createProgram(): Command {
  return createProgramOf(COMMANDS);
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
