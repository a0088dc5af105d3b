// `npm run proof -- NAME`: runs one proof and prints NAME:PASS, NAME:FAIL reason or NAME:SKIP reason last.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoNow, monotonicMs } from '@weir/harness';
import { Command } from 'commander';
import type { Proof } from './harness/proof.js';
import { fail, writeReport } from './harness/report.js';
import { collectorSpool } from './proofs/collector-spool.js';
import { ledger } from './proofs/ledger.js';

const PROOFS: readonly Proof[] = [collectorSpool, ledger];
const DEFAULT_SEED = 20_260_101;

interface Options {
  readonly seed: string;
  readonly sabotage?: string | true;
  readonly keep?: true;
}

async function runProof(name: string, options: Options): Promise<void> {
  const proof = PROOFS.find((candidate) => candidate.name === name);
  if (proof === undefined) {
    usage(
      `no proof named ${name}; there are ${PROOFS.map((candidate) => candidate.name).join(', ')}`,
    );
    return;
  }
  const sabotage =
    options.sabotage === true ? (proof.sabotages[0] ?? null) : (options.sabotage ?? null);
  if (sabotage === 'list') {
    process.stdout.write(`${proof.sabotages.join('\n')}\n`);
    return;
  }
  if (sabotage !== null && !proof.sabotages.includes(sabotage)) {
    usage(`${name} has no sabotage ${sabotage}; there are ${proof.sabotages.join(', ')}`);
    return;
  }
  const seed = Number(options.seed);
  if (!Number.isSafeInteger(seed)) {
    usage(`--seed must be an integer; got ${options.seed}`);
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), `weir-${name}-`));
  mkdirSync(join(directory, 'data'));
  const say = (line: string): void => void process.stdout.write(`${name}: ${line}\n`);
  say(`${proof.summary}; seed ${seed}${sabotage === null ? '' : `, sabotage ${sabotage}`}`);
  const startedAt = isoNow();
  const startedMs = monotonicMs();
  const result = await proof
    .run({ directory, seed, sabotage, say })
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error), {}));
  const durationMs = Math.round(monotonicMs() - startedMs);
  if (options.keep || (result.outcome === 'FAIL' && sabotage === null))
    say(`left in ${directory}: data directory and weir.log`);
  else rmSync(directory, { recursive: true, force: true });
  const last = writeReport({ name, seed, sabotage, startedAt, durationMs }, result);
  process.stdout.write(`${last}\n`);
  process.exitCode = result.outcome === 'PASS' ? 0 : 1;
}

function usage(message: string): void {
  process.stderr.write(`proof: ${message}\n`);
  process.exitCode = 2;
}

const program = new Command('proof')
  .description('Prove a promise against real processes, from outside.')
  .argument('<name>', PROOFS.map((proof) => proof.name).join(', '))
  .option('--seed <number>', 'seed of everything random', String(DEFAULT_SEED))
  .option('--sabotage [fault]', 'plant a fault, the proof must then fail; `list` names them')
  .option('--keep', 'keep data directory and log of a run that passed')
  .addHelpText(
    'after',
    `\n${PROOFS.map((proof) => `  ${proof.name.padEnd(18)} ${proof.summary}`).join('\n')}`,
  )
  .action(runProof);
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
await program.parseAsync(process.argv);
