// `npm run proof -- NAME`: runs one proof and prints NAME:PASS, NAME:FAIL reason or NAME:SKIP reason last.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoNow, monotonicMs } from '@weir/harness';
import { Command } from 'commander';
import { diffLines } from './harness/diff.js';
import { describe, lookAround, type Preflight, preflight } from './harness/preflight.js';
import type { Proof, ProofContext } from './harness/proof.js';
import {
  fail,
  lastLine,
  type ProofResult,
  readReport,
  skip,
  writeReport,
} from './harness/report.js';
import { agentSpool } from './proofs/agent-spool/index.js';
import { collectorSpool } from './proofs/collector-spool/index.js';
import { drill } from './proofs/drill/index.js';
import { idempotency } from './proofs/idempotency/index.js';
import { kafkaIngest } from './proofs/kafka-ingest/index.js';
import { kafkaStress } from './proofs/kafka-stress/index.js';
import { ledger } from './proofs/ledger/index.js';
import { parsers } from './proofs/parsers/index.js';
import { peersSpool } from './proofs/peers-spool/index.js';
import { protocolPacks } from './proofs/protocol-packs/index.js';
import { quarantine } from './proofs/quarantine/index.js';
import { resilience } from './proofs/resilience/index.js';
import { storage } from './proofs/storage/index.js';

const PROOFS: readonly Proof[] = [
  collectorSpool,
  ledger,
  quarantine,
  resilience,
  storage,
  drill,
  agentSpool,
  peersSpool,
  protocolPacks,
  parsers,
  kafkaIngest,
  idempotency,
  kafkaStress,
];
const DEFAULT_SEED = 20_260_101;
const LIST = PROOFS.map((proof) => `  ${proof.name.padEnd(18)} ${proof.summary}`).join('\n');

interface Options {
  readonly seed: string;
  readonly sabotage?: string | true;
  readonly keep?: true;
  readonly long?: true;
  readonly preflight?: true;
  readonly count?: string;
}

class UsageError extends Error {}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(
  name: string | undefined,
  reports: readonly string[],
  options: Options,
): Promise<void> {
  if (name === 'diff') return diff(reports);
  if (reports.length > 0) throw new UsageError(`${name} takes no further arguments`);
  if (name === undefined) {
    if (options.sabotage !== 'list') throw new UsageError(`which proof? There are\n${LIST}`);
    for (const proof of PROOFS)
      for (const sabotage of proof.sabotages) print(`${proof.name} ${sabotage}`);
    return;
  }
  if (name === 'list') return print(LIST);
  const proof = PROOFS.find((candidate) => candidate.name === name);
  if (proof === undefined) throw new UsageError(`no proof named ${name}; there are\n${LIST}`);
  if (options.sabotage === 'list') return print(proof.sabotages.join('\n'));
  if (options.long && proof.longSeconds === undefined)
    throw new UsageError(`${name} has no long version`);
  const expectedSeconds =
    (options.long ? proof.longSeconds : undefined) ?? proof.needs.expectedSeconds;
  const flight = preflight({ ...proof.needs, expectedSeconds }, lookAround(tmpdir()));
  if (options.preflight) return printPreflight(proof, flight);
  await runProof(proof, sabotageOf(proof, options), seedOf(options), flight, options);
}

function diff(paths: readonly string[]): void {
  const [first, second, ...more] = paths;
  if (first === undefined || second === undefined || more.length > 0)
    throw new UsageError('diff takes two reports: proof diff A.json B.json');
  try {
    print(diffLines(readReport(first), readReport(second)).join('\n'));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function printPreflight(proof: Proof, flight: Preflight): void {
  print(describe(flight).join('\n'));
  if (flight.missing.length === 0) {
    print(`${proof.name}: can run here`);
    return;
  }
  print(lastLine(proof.name, skip(flight.missing.join('; '))));
  process.exitCode = 1;
}

function sabotageOf(proof: Proof, { sabotage }: Options): string | null {
  if (sabotage === undefined) return null;
  const chosen = sabotage === true ? proof.sabotages[0] : sabotage;
  if (chosen === undefined || !proof.sabotages.includes(chosen))
    throw new UsageError(
      `${proof.name} has no sabotage ${sabotage}; there are ${proof.sabotages.join(', ')}`,
    );
  return chosen;
}

function seedOf({ seed }: Options): number {
  const value = Number(seed);
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`--seed must be an integer; got ${seed}`);
}

function countOf(proof: Proof, { count }: Options): number | null {
  if (count === undefined) return null;
  const value = Number(count);
  const [min, max] = proof.counts ?? [0, 0];
  if (proof.counts === undefined) throw new UsageError(`${proof.name} takes no --count`);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--count must be ${min} to ${max}; got ${count}`);
}

async function runProof(
  proof: Proof,
  sabotage: string | null,
  seed: number,
  flight: Preflight,
  options: Options,
): Promise<void> {
  const { name, summary } = proof;
  const say = (line: string): void => print(`${name}: ${line}`);
  say(`${summary}; seed ${seed}${sabotage === null ? '' : `, sabotage ${sabotage}`}`);
  const startedAt = isoNow();
  const startedMs = monotonicMs();
  let result: ProofResult;
  if (flight.missing.length > 0) {
    result = skip(flight.missing.join('; '));
  } else {
    say(`takes about ${flight.needs.expectedSeconds} s on two cores`);
    const count = countOf(proof, options);
    const asked = { seed, sabotage, isLong: options.long ?? false, say, count };
    result = await runIn(proof, asked, options.keep ?? false);
  }
  const durationMs = Math.round(monotonicMs() - startedMs);
  const run = { name, summary, seed, sabotage, startedAt, durationMs, preflight: flight };
  print(writeReport(run, result));
  // A gate counts a proof that could not run as one that failed.
  process.exitCode = result.outcome === 'PASS' ? 0 : 1;
}

async function runIn(
  proof: Proof,
  asked: Omit<ProofContext, 'directory'>,
  isKept: boolean,
): Promise<ProofResult> {
  const directory = mkdtempSync(join(tmpdir(), `weir-${proof.name}-`));
  mkdirSync(join(directory, 'data'));
  const result = await proof
    .run({ directory, ...asked })
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error), {}));
  if (isKept || (result.outcome === 'FAIL' && asked.sabotage === null))
    asked.say(`left in ${directory}: data directory and weir.log`);
  else rmSync(directory, { recursive: true, force: true });
  return result;
}

const program = new Command('proof')
  .description('Prove a promise against real processes, from outside.')
  .argument('[name]', `list, diff, or ${PROOFS.map((proof) => proof.name).join(', ')}`)
  .argument('[reports...]', 'for diff: two reports of proofs/out')
  .option('--seed <number>', 'seed of everything random', String(DEFAULT_SEED))
  .option('--sabotage [fault]', 'plant a fault, the proof must then fail; `list` names them')
  .option('--preflight', 'only say what the proof needs and whether it is here')
  .option('--long', 'the version that takes too long for every day, where there is one')
  .option('--count <events>', 'how many events, where the proof says that it takes it')
  .option('--keep', 'keep data directory and log of a run that passed')
  .addHelpText('after', `\n${LIST}`)
  .action(main);
// So that what was started is ended, too (harness).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`proof: ${error.message}\n`);
  process.exitCode = 2;
}
