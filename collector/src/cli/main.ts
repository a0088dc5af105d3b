// The command `weir`. Each subcommand is a file of its own here, listed in commands.ts; this one
// turns errors into one sentence and an exit code: 0 done, 1 the check failed, 2 wrong usage or
// config.
import { once } from 'node:events';
import { type ErrorCode, messageOf, WeirError } from '@weir/pipeline';
import { Command, CommanderError } from 'commander';
import { version } from '../version.js';
import { COMMANDS } from './commands.js';

/** Its script has the options of every command. */
const NEEDS_ALL = 'completion';
/** Commands that load modules of people, and end. */
const LOADS_MODULES: ReadonlySet<string | undefined> = new Set(['validate', 'test', 'quarantine']);

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
  'WEIR_STORE_PROFILE',
  'WEIR_NOT_RUNNING',
  'WEIR_REQUEUE_BUSY',
]);

/** The whole program; commands that are not named stand in it as name and summary only. */
async function buildProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('weir')
    .description('Collector and pipeline for security telemetry that accounts for every event.')
    .version(version, '-V, --version')
    .showHelpAfterError('(weir --help lists the commands)')
    .exitOverride();
  for (const { name, summary, load } of COMMANDS) {
    const isAsked = argv.includes(name) || argv.includes(NEEDS_ALL);
    const command = isAsked ? await load() : new Command(name);
    program.addCommand(command.description(summary).copyInheritedSettings(program));
    // These two have their own --help, in the program that they start.
    if (name === 'proof' || name === 'bench') command.helpOption(false);
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
    const program = await buildProgram(argv.slice(2));
    await program.parseAsync(argv);
    // People's modules may have started timers; these commands are done all the same.
    if (!LOADS_MODULES.has(argv[2])) return;
    if (process.stdout.writableLength > 0) await once(process.stdout, 'drain');
    process.exit();
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
