// The command `weir`. Each subcommand is a file of its own here; this one only lists them and turns
// errors into one sentence and an exit code: 0 done, 1 the check failed, 2 wrong usage or config.
import { type ErrorCode, messageOf, WeirError } from '@weir/pipeline';
import { Command, CommanderError } from 'commander';
import { version } from '../version.js';
import { completionCommand } from './completion/index.js';
import { generateCommand } from './generate.js';
import { graphCommand } from './graph.js';
import { benchCommand, proofCommand } from './harness.js';
import { loadCommand } from './load.js';
import { parseCommand } from './parse.js';
import { queryCommand } from './query.js';
import { runCommand } from './run.js';
import { tapCommand } from './tap.js';
import { testCommand } from './test.js';
import { topCommand } from './top.js';
import { validateCommand } from './validate.js';
import { verifyCommand } from './verify.js';

/** Errors that the person at the keyboard can mend by another command line, file or directory. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WEIR_USAGE',
  'WEIR_CONFIG_INVALID',
  'WEIR_CONFIG_UNREADABLE',
  'WEIR_ADDRESS_IN_USE',
  'WEIR_ADDRESS_UNAVAILABLE',
  'WEIR_DATA_DIR_UNWRITABLE',
  'WEIR_DATA_DIR_LOCKED',
  'WEIR_SPOOL_VERSION',
  'WEIR_STORE_ENGINE_MISSING',
  'WEIR_MIGRATION_CHANGED',
  'WEIR_NOT_RUNNING',
]);

function buildProgram(): Command {
  const program = new Command('weir')
    .description('Collector and pipeline for security telemetry that accounts for every event.')
    .version(version, '-V, --version')
    .showHelpAfterError('(weir --help lists the commands)')
    .exitOverride();
  for (const make of [
    runCommand,
    validateCommand,
    generateCommand,
    parseCommand,
    queryCommand,
    tapCommand,
    topCommand,
    graphCommand,
    loadCommand,
    verifyCommand,
    testCommand,
    completionCommand,
    proofCommand,
    benchCommand,
  ]) {
    program.addCommand(make().copyInheritedSettings(program));
  }
  // These two have their own --help, in the program that they start.
  for (const command of program.commands) {
    if (['proof', 'bench'].includes(command.name())) command.helpOption(false);
  }
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 the check failed, 2 wrong usage or configuration.\n' +
      'Start here: weir run, then weir load --count 1000, then weir verify.',
  );
  return program;
}

export async function main(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    // Commander has printed its own message by now.
    if (!(error instanceof CommanderError)) process.stderr.write(`weir: ${describe(error)}\n`);
    // Not only the code: what is left open must not keep a failed command alive.
    process.exit(exitCodeOf(error));
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof WeirError) return USAGE_CODES.has(error.code) ? 2 : 1;
  return 1;
}

function describe(error: unknown): string {
  if (error instanceof WeirError) return error.message;
  // Not an operating error: a defect of ours, so show where.
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

// The reader of a pipe may leave early (`weir query ... | head`): nothing is left to do then. `weir
// run` goes on, see there.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && process.argv[2] !== 'run') process.exit(process.exitCode ?? 0);
});

await main(process.argv);
