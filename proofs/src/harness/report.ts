// What a proof leaves behind: NAME:PASS, NAME:FAIL reason or NAME:SKIP reason as its last line, and
// proofs/out/NAME.json with every figure, seed, version and machine fact, as report.schema.json
// says.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Preflight } from './preflight.js';

export type Outcome = 'PASS' | 'FAIL' | 'SKIP';

export interface ProofResult {
  readonly outcome: Outcome;
  /** Empty for PASS. */
  readonly reason: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface ProofRun {
  readonly name: string;
  readonly summary: string;
  readonly seed: number;
  readonly sabotage: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly preflight: Preflight;
}

export interface ProofReport extends ProofRun, ProofResult {
  readonly schema: 'weir-proof-2';
  readonly machine: Readonly<Record<string, string | number>>;
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
/**
 * The parts of a proof, one after the other, up to the first that does not pass. The figures of a
 * part with a name begin with it.
 */
export async function inParts(
  parts: readonly (readonly [name: string, run: () => Promise<ProofResult>])[],
): Promise<ProofResult> {
  const figures: Record<string, unknown> = {};
  for (const [name, run] of parts) {
    const result = await run();
    for (const [key, value] of Object.entries(result.figures))
      figures[name === '' ? key : `${name}${key.slice(0, 1).toUpperCase()}${key.slice(1)}`] = value;
    if (result.outcome !== 'PASS') return { ...result, figures };
  }
  return pass(figures);
}

export const skip = (reason: string): ProofResult => ({ outcome: 'SKIP', reason, figures: {} });

const SCHEMA = new URL('../../report.schema.json', import.meta.url);

/** The published schema as a check. */
function compileSchema(): ValidateFunction<ProofReport> {
  return new Ajv({ allErrors: true, allowUnionTypes: true }).compile<ProofReport>(
    JSON.parse(readFileSync(SCHEMA, 'utf8')) as object,
  );
}

/** What is wrong with a report, empty when nothing is. */
export function problemsOf(report: unknown): string[] {
  const check = compileSchema();
  if (check(report)) return [];
  return (check.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message}`);
}

/** Writes the report and returns the last line to print. Throws when the schema forbids it. */
export function writeReport(run: ProofRun, result: ProofResult): string {
  const report: ProofReport = {
    schema: 'weir-proof-2',
    ...run,
    ...result,
    machine: machineFacts(),
  };
  const problems = problemsOf(report);
  if (problems.length > 0)
    throw new Error(`the report of ${run.name} is not as its schema says: ${problems.join('; ')}`);
  const directory = fileURLToPath(new URL('../../out/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}${run.name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  return lastLine(run.name, result);
}

export const lastLine = (name: string, { outcome, reason }: ProofResult): string =>
  `${name}:${outcome}${reason === '' ? '' : ` ${reason}`}`;

/** Throws a sentence when the file is no report. */
export function readReport(path: string): ProofReport {
  let report: ProofReport;
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as ProofReport;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${path}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
  const problems = problemsOf(report);
  if (problems.length > 0) throw new Error(`${path} is no report of a proof: ${problems[0]}`);
  return report;
}

function machineFacts(): Record<string, string | number> {
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
