// `weir test --watch`: runs again whenever a file is saved. The screen is left as it is: what an
// earlier run said stays in sight.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { watch } from 'chokidar';
import { FOLDERS_LEFT_OUT, findCases } from '../../test-cases/index.js';

/** An editor that saves a file touches it more than once. */
const QUIET_MS = 150;

export interface WatchOptions {
  readonly paths: readonly string[];
  readonly config: string | undefined;
  readonly isUpdate: boolean;
  /** Reports, which each run writes. */
  readonly written: readonly string[];
}

/**
 * Watches the paths and the folders of the configurations; modules and tables stand there too.
 * Resolves at SIGINT or SIGTERM.
 */
export async function watchAndRun(options: WatchOptions): Promise<void> {
  const roots = rootsOf(options);
  const written = new Set(options.written.map((file) => resolve(file)));
  const watcher = watch(roots, {
    ignoreInitial: true,
    ignored: (path) => isLeftOut(path, roots) || written.has(path),
  });
  const runs = new Runs();
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', (_event, path) => {
    // What --update writes is no reason to run again.
    if (options.isUpdate && /[/\\]expected[^/\\]*\.jsonl$/.test(path)) return;
    clearTimeout(timer);
    timer = setTimeout(() => runs.start(), QUIET_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  runs.start();
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  clearTimeout(timer);
  runs.end();
  await watcher.close();
}

/** Throws WEIR_USAGE for a path that is not there. A case that is wrong as yet is no reason. */
function rootsOf({ paths, config }: WatchOptions): string[] {
  const roots = new Set<string>();
  for (const path of [...paths, ...(config === undefined ? [] : [config])]) {
    if (!existsSync(path))
      throw new WeirError('WEIR_USAGE', `cannot watch ${path}: it is not there`);
    roots.add(resolve(path === config ? dirname(path) : path));
  }
  if (config === undefined)
    for (const found of configsOf(paths)) roots.add(resolve(dirname(found)));
  return [...roots];
}

function configsOf(paths: readonly string[]): string[] {
  try {
    return findCases(paths, undefined).flatMap((each) => each.config ?? []);
  } catch {
    return [];
  }
}

/** Below the root that it is watched from; the root itself may have any name. */
function isLeftOut(path: string, roots: readonly string[]): boolean {
  return roots.every((root) => {
    const way = relative(root, path);
    return way.startsWith('..') || way.split(sep).some((part) => FOLDERS_LEFT_OUT.has(part));
  });
}

/** One run at a time, each a process of its own: a loaded module cannot be loaded again. */
class Runs {
  readonly #args = process.argv.slice(1).filter((argument) => argument !== '--watch');
  #child: ChildProcess | null = null;
  #isStale = false;
  #isEnded = false;

  start(): void {
    this.#isStale = this.#child !== null;
    if (this.#isStale || this.#isEnded) return;
    const args = [...process.execArgv, ...this.#args];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    this.#child = child;
    child.once('exit', () => {
      this.#child = null;
      if (this.#isEnded) return;
      process.stdout.write('waiting for changes; Ctrl-C ends\n');
      if (this.#isStale) this.start();
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#child?.kill();
  }
}
