// What a proof leaves behind: NAME:PASS, NAME:FAIL reason or NAME:SKIP reason as its last line, and
// proofs/out/NAME.json with every figure, seed, version and machine fact.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export type Outcome = 'PASS' | 'FAIL' | 'SKIP';

export interface ProofResult {
  readonly outcome: Outcome;
  /** Empty for PASS. */
  readonly reason: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface ProofRun {
  readonly name: string;
  readonly seed: number;
  readonly sabotage: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

export const pass = (figures: Record<string, unknown>): ProofResult => ({
  outcome: 'PASS',
  reason: '',
  figures,
});
export const fail = (reason: string, figures: Record<string, unknown>): ProofResult => ({
  outcome: 'FAIL',
  reason,
  figures,
});

/** Writes the report and returns the last line to print. */
export function writeReport(run: ProofRun, result: ProofResult): string {
  const directory = fileURLToPath(new URL('../../out/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const report = { schema: 'weir-proof-1', ...run, ...result, machine: machineFacts() };
  writeFileSync(`${directory}${run.name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  return `${run.name}:${result.outcome}${result.reason === '' ? '' : ` ${result.reason}`}`;
}

function machineFacts(): Record<string, unknown> {
  const manifest = new URL('../../../collector/package.json', import.meta.url);
  return {
    weir: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
  };
}
