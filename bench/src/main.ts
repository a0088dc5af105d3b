// `npm run bench -- NAME`: prints events/s and CPU-seconds per million events, with their spread.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROFILES, type ProfileName } from '@weir/collector';
import { reasonOf } from '@weir/pipeline';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Bench } from './bench.js';
import { endToEnd } from './benches/end-to-end.js';
import { enrich } from './benches/enrich.js';
import { httpOut } from './benches/http-out.js';
import { kafka } from './benches/kafka.js';
import { parse } from './benches/parse.js';
import { recovery } from './benches/recovery.js';
import { spool } from './benches/spool.js';
import { storage } from './benches/storage/storage.js';
import { VARIANT_NAMES } from './benches/storage/variants.js';
import { stress } from './benches/stress.js';
import { isoNow } from './clock.js';
import { compare, differencesOf } from './compare.js';
import { type BenchReport, linesOf, reportOf } from './report.js';

const BENCHES: readonly Bench[] = [
  spool,
  recovery,
  parse,
  enrich,
  httpOut,
  kafka,
  endToEnd,
  stress,
  storage,
];
const LIST = BENCHES.map((bench) => `  ${bench.name.padEnd(12)} ${bench.summary}`).join('\n');

interface Options {
  readonly small?: true;
  readonly long?: true;
  readonly settle?: true;
  readonly profile?: true;
  readonly force?: true;
  readonly json?: true;
  readonly seed: number;
  readonly runs: number;
  readonly seconds?: number;
  readonly rate?: number;
  readonly count?: number;
  readonly variants?: readonly string[];
  readonly lines: ProfileName;
  readonly storeProfile: 'full' | 'slim';
  readonly peers?: string;
  readonly fsyncInterval?: readonly number[];
  readonly svg?: string;
  readonly baseline?: string;
  readonly save?: string;
  readonly thresholdThroughput: number;
  readonly thresholdCpu: number;
}

class UsageError extends Error {}

async function runBench(name: string, options: Options): Promise<void> {
  if (name === 'list') return void process.stdout.write(`${LIST}\n`);
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench === undefined) throw new UsageError(`no bench named ${name}; there are\n${LIST}`);
  const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  // Read first: a missing file should not be told after an hour.
  const baseline = options.baseline === undefined ? null : readReport(options.baseline);
  const { small = false, long = false, settle = false, seed, runs } = options;
  const settings = {
    ...{ small, long, settle, seed, lines: options.lines, storeProfile: options.storeProfile },
    ...{ seconds: options.seconds ?? null, rate: options.rate ?? null },
    ...{ count: options.count ?? null, variants: options.variants ?? null },
    peers: options.peers !== undefined,
    fsyncIntervalsMs: options.fsyncInterval ?? null,
    profile: options.profile ?? false,
  };
  const profileDirectory = options.profile ? makeProfileDirectory(name) : null;
  const result = await bench.run({
    ...{ small, long, settle, seed, runs, say, profileDirectory, lines: options.lines },
    seconds: options.seconds ?? null,
    rate: options.rate ?? null,
    count: options.count ?? null,
    variants: options.variants ?? null,
    storeProfile: options.storeProfile,
    peersDirectory: options.peers ?? null,
    fsyncIntervalsMs: options.fsyncInterval ?? null,
    svgFile: options.svg ?? null,
  });
  const report = reportOf(name, settings, result);
  if (options.save !== undefined)
    writeFileSync(options.save, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(
    options.json ? `${JSON.stringify(report, null, 2)}\n` : `${linesOf(report).join('\n')}\n`,
  );
  if (profileDirectory !== null) say(`profiles are in ${profileDirectory}`);
  if (baseline !== null) holdAgainst(report, baseline, options, say);
}

function holdAgainst(
  report: BenchReport,
  baseline: BenchReport,
  options: Options,
  say: (line: string) => void,
): void {
  const differences = differencesOf(report, baseline);
  for (const difference of differences) say(difference);
  if (differences.length > 0 && !options.force)
    throw new UsageError('not comparable with the baseline; --force compares all the same');
  const thresholds = { throughput: options.thresholdThroughput, cpu: options.thresholdCpu };
  const { lines, regressions } = compare(report, baseline, thresholds);
  for (const line of lines) say(line);
  if (regressions.length === 0) return;
  say(`worse than the baseline: ${regressions.join(', ')}`);
  process.exitCode = 1;
}

function readReport(path: string): BenchReport {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BenchReport;
  } catch (error) {
    throw new UsageError(`cannot read the baseline ${path}: ${reasonOf(error)}`);
  }
}

function makeProfileDirectory(name: string): string {
  const stamp = isoNow()
    .replaceAll(/[^0-9T]/g, '')
    .slice(0, 15);
  const directory = fileURLToPath(new URL(`../out/${name}-${stamp}/`, import.meta.url));
  mkdirSync(directory, { recursive: true });
  return directory;
}

function integer(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a whole number.');
}

function variantNames(text: string): string[] {
  const names = text.split(',');
  if (names.every((name) => VARIANT_NAMES.includes(name))) return names;
  throw new InvalidArgumentError(`They must be of ${VARIANT_NAMES.join(', ')}.`);
}

function thousandOrMore(text: string): number {
  const value = integer(text);
  if (value >= 1_000) return value;
  throw new InvalidArgumentError('It must be 1000 or more.');
}

const integers = (text: string): number[] => text.split(',').map(integer);

function ratio(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 100) return value;
  throw new InvalidArgumentError('It must be a number above 0, for instance 0.85.');
}

const program = new Command('bench')
  .description('Measure a part of Weir on this machine. Nothing else should run meanwhile.')
  .argument('<name>', `list, or ${BENCHES.map((bench) => bench.name).join(', ')}`)
  .option('--small', 'a run of seconds that only shows that the bench works')
  .option('--long', 'longer steps, for benches that have steps')
  .option('--runs <count>', 'counted runs, after one warm-up', integer, 5)
  .option('--seconds <count>', 'length of a timed bench', integer)
  .option('--rate <events>', 'events offered per second', integer)
  .option('--count <events>', 'storage: events in each table', thousandOrMore)
  .option('--variants <list>', 'storage: these variants of the table only', variantNames)
  .option('--seed <number>', 'seed of the generated events', integer, 1)
  .addOption(
    new Option('--lines <profile>', 'end_to_end: what is sent')
      .choices(Object.keys(PROFILES))
      .default('mixed'),
  )
  .addOption(
    new Option('--store-profile <profile>', 'end_to_end: columns of the events table')
      .choices(['full', 'slim'])
      .default('full'),
  )
  .option('--settle', 'end_to_end: wait until the merges have settled, and count their CPU time')
  .option('--peers <dir>', 'folder with loadgen/loadgen.c, to be used as generator')
  .option('--fsync-interval <list>', 'spool: compare these commit intervals, ms', integers)
  .option('--svg <file>', 'recovery: draw the figures')
  .option('--baseline <file>', 'compare with this report of --save; exit 1 on a regression')
  .option('--threshold-throughput <share>', 'least share of the baseline', ratio, 0.85)
  .option('--threshold-cpu <multiple>', 'greatest multiple of the baseline', ratio, 1.2)
  .option('--force', 'compare even with another machine, version or settings')
  .option('--save <file>', 'write the report of --json to this file')
  .option('--profile', 'write CPU and heap profiles to bench/out/ (the figures suffer)')
  .option('--json', 'all figures as JSON')
  .addHelpText('after', `\n${LIST}`)
  .action(runBench);
// So that what was started is ended, too (harness).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
