import { Command } from 'commander';
import { VERSION } from './version.js';

/** The command line with the commands that `additions` add, ready to parse. Commands throw; nothing exits the process here. */
export function createProgramOf(additions: readonly ((program: Command) => void)[]): Command {
  const program = new Command('overlane')
    .description('Overlay networks: a reference switch, a demonstration, and tools for tunnelled packets')
    .version(VERSION)
    .showHelpAfterError('(overlane --help shows all commands, overlane COMMAND --help its options)')
    .exitOverride()
    .configureHelp({ sortOptions: false, showGlobalOptions: false })
    .addHelpText('after', '\nExit status: 0 done, 1 the input or the outcome is bad, 2 wrong use.');
  for (const add of additions) add(program);
  // Options of a command are parsed by the command, so each needs the same manners.
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(overlane ${command.name()} --help)`);
  return program;
}
