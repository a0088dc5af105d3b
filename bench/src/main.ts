// `npm run bench -- NAME`: prints events/s and CPU-seconds per million events, with their spread.
import { Command } from 'commander';
import type { Bench } from './bench.js';
import { endToEnd } from './benches/end-to-end.js';
import { spool } from './benches/spool.js';
import { machineFacts } from './report.js';

const BENCHES: readonly Bench[] = [spool, endToEnd];

interface Options {
  readonly small?: true;
  readonly json?: true;
  readonly seed: string;
  readonly runs: string;
  readonly seconds?: string;
  readonly rate?: string;
}

async function runBench(name: string, options: Options): Promise<void> {
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench === undefined) {
    throw usage(`no bench named ${name}; there are ${BENCHES.map((each) => each.name).join(', ')}`);
  }
  const result = await bench.run({
    small: options.small ?? false,
    seed: integer('--seed', options.seed),
    runs: integer('--runs', options.runs),
    seconds: options.seconds === undefined ? null : integer('--seconds', options.seconds),
    rate: options.rate === undefined ? null : integer('--rate', options.rate),
    say: (line) => void process.stderr.write(`${name}: ${line}\n`),
  });
  if (options.json) {
    const report = { bench: name, machine: machineFacts(), hash: result.hash, ...result.figures };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${[...result.lines, `hash ${result.hash}`].join('\n')}\n`);
}

function integer(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw usage(`${flag} must be a whole number; got ${text}`);
}

class UsageError extends Error {}
const usage = (message: string): UsageError => new UsageError(message);

const program = new Command('bench')
  .description('Measure a part of Weir on this machine. Nothing else should run meanwhile.')
  .argument('<name>', BENCHES.map((bench) => bench.name).join(', '))
  .option('--small', 'a run of seconds that only shows that the bench works')
  .option('--runs <count>', 'counted runs, after one warm-up', '5')
  .option('--seconds <count>', 'length of a timed bench')
  .option('--rate <events>', 'events offered per second')
  .option('--seed <number>', 'seed of the generated events', '1')
  .option('--json', 'all figures as JSON')
  .addHelpText('after', `\n${BENCHES.map((b) => `  ${b.name.padEnd(12)} ${b.summary}`).join('\n')}`)
  .action(runBench);
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
