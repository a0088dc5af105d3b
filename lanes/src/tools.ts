// What a lane needs of the machine: programs and privileges. Without them its test says SKIPPED and
// why, so that nobody takes a lane that did not run for one that found nothing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export const IS_LONG = process.env.WEIR_LONG === '1';

/** WEIR_SEED replays what a failure printed. */
export const LANE_SEED = Number(process.env.WEIR_SEED ?? 20_260_105);

/** Null when all programs are there; otherwise the reason for a skip. */
export function missingTools(...names: readonly string[]): string | null {
  const missing = names.filter((name) => !hasProgram(name));
  if (missing.length === 0) return null;
  return `SKIPPED: ${missing.join(', ')} not installed (npm test installs it as root with apt-get)`;
}

const hasProgram = (name: string): boolean =>
  ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].some((folder) =>
    existsSync(`${folder}/${name}`),
  );

/** Null when strace is there and may trace: a container can forbid ptrace. */
export function whyNoStrace(): string | null {
  const missing = missingTools('strace');
  if (missing !== null) return missing;
  const probe = spawnSync('strace', ['-f', '-qq', '-e', 'inject=none', '-e', 'trace=none', 'true']);
  const plain = spawnSync('strace', ['-f', '-qq', '-e', 'trace=none', 'true']);
  if (plain.status === 0 || probe.status === 0) return null;
  return `SKIPPED: strace cannot trace here: ${plain.stderr.toString().trim()}`;
}

/**
 * The environment for a process of a lane: without the hooks of the test runner, which would cost
 * each process a second, and without coverage, which a kill loses anyway.
 */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const environment = { ...process.env, ...more };
  for (const name of ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'WEIR_SEED', 'WEIR_LONG'])
    if (!(name in more)) delete environment[name];
  return environment;
}

/** For WeirProcess: the same hooks set to nothing. */
export const PLAIN: NodeJS.ProcessEnv = { NODE_OPTIONS: '', NODE_V8_COVERAGE: '' };
