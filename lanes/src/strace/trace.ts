// Reads the log of strace, and tells from it what a power cut at the end would leave. A kill keeps
// the kernel's memory, so by itself it cannot show a missing fdatasync. So every run is judged
// twice: as it is, and with everything taken away that no successful sync covered (pwritev(2),
// fsync(2)): bytes become what they were before the run, or zeros, and new files go whose directory
// was not synced. Bytes whose sync failed count as gone, even if a later sync on the descriptor
// succeeds: the kernel has dropped them and marked the pages clean (PostgreSQL's fsyncgate).

/** The calls of which this file follows the effects, and whose results the log must show. */
export const FOLLOWED =
  'openat,write,writev,pwrite64,pwritev,fdatasync,fsync,rename,unlink,mkdir,close,ftruncate,fallocate';

export interface TracedCall {
  readonly name: string;
  readonly thread: string;
  readonly args: string;
  /** Null when the process was killed in it. */
  readonly result: number | null;
  readonly isInjected: boolean;
}

const LINE = /^(\d+) +([a-z0-9_]+)\((.*)\) += (-?\d+|\?)(.*)$/;
const UNFINISHED = /^(\d+) +([a-z0-9_]+\(.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +<\.\.\. [a-z0-9_]+ resumed>(.*)$/;

/** Calls in the order in which they ended; those that the process was killed in stand last. */
export function parseTrace(text: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const unfinished = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, thread = '', begun] = UNFINISHED.exec(line) ?? [];
    if (begun !== undefined) {
      unfinished.set(thread, begun);
      continue;
    }
    const [, resumed = '', rest = ''] = RESUMED.exec(line) ?? [];
    const begin = unfinished.get(resumed);
    unfinished.delete(resumed);
    const call = parseCall(begin === undefined ? line : `${resumed} ${begin}${rest}`);
    if (call !== null) calls.push(call);
  }
  for (const [thread, begun] of unfinished) {
    const call = parseCall(`${thread} ${begun}) = ?`);
    if (call !== null) calls.push(call);
  }
  return calls;
}

function parseCall(line: string): TracedCall | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, thread = '', name = '', args = '', result, rest = ''] = match;
  const number = result === '?' ? null : Number(result);
  return { name, thread, args, result: number, isInjected: rest.includes('(INJECTED)') };
}

/** How often each call was made on the path or below it. */
export function countCalls(calls: readonly TracedCall[], path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, args } of calls)
    if (args.includes(path)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Every path that the calls name on the path or below it. */
export function pathsIn(calls: readonly TracedCall[], path: string): Set<string> {
  const paths = new Set<string>([path]);
  for (const { args } of calls)
    for (const [, found = ''] of args.matchAll(/[<"](\/[^<>"]*)[>"]/g))
      if (found === path || found.startsWith(`${path}/`)) paths.add(found);
  return paths;
}

type Range = readonly [from: number, to: number];

interface TracedFile {
  /** Written, not synced. */
  dirty: Range[];
  /** Written, and the sync failed. */
  dropped: Range[];
  /** Written and synced: what was there before the run is there no more. */
  readonly replaced: Range[];
  /** The file that was there before the run. */
  readonly isOld: boolean;
  /** Made or renamed to this, and its directory was not synced. */
  isNameVolatile: boolean;
  /** Descriptors whose sync failed; using one again to write or sync is the classic mistake. */
  readonly failed: Set<string>;
}

export interface PowerCut {
  /** Ranges to be zeroed, by path. */
  readonly zeroed: ReadonlyMap<string, readonly Range[]>;
  /** Ranges that have the bytes again that they had before the run, by path. */
  readonly restored: ReadonlyMap<string, readonly Range[]>;
  readonly removed: readonly string[];
  /** Calls on a descriptor after a sync on it had failed. */
  readonly retried: readonly string[];
}

/** `existing`: paths that were there before the first of the calls, and count as durable. */
export function powerCutOf(
  calls: readonly TracedCall[],
  directory: string,
  existing: readonly string[],
): PowerCut {
  const follower = new Follower(directory, existing);
  for (const call of calls) follower.follow(call);
  return follower.end();
}

class Follower {
  readonly #directory: string;
  readonly #files = new Map<string, TracedFile>();
  readonly #retried: string[] = [];
  /** Paths under which the file is still the one that was there before. */
  readonly #existing: Set<string>;
  /** Names that a power cut leaves, whatever stands under them. */
  readonly #durableNames: Set<string>;
  constructor(directory: string, existing: readonly string[]) {
    this.#directory = directory;
    this.#durableNames = new Set(existing);
    this.#existing = new Set(existing);
  }

  follow(call: TracedCall): void {
    const { name, args, result } = call;
    const fd = /^(\d+)</.exec(args)?.[1] ?? '';
    const path = /[<"](\/[^<>"]*)[>"]/.exec(args)?.[1] ?? '';
    if (name === 'openat') this.#open(args, result);
    else if (!path.startsWith(this.#directory)) return;
    else if (name === 'pwrite64' || name === 'pwritev') this.#write(path, fd, call);
    else if (name === 'fdatasync' || name === 'fsync') this.#sync(path, fd, result);
    else if (name === 'rename' && result === 0) this.#rename(args);
    else if (name === 'unlink' && result === 0) this.#unlink(path);
    else if (name === 'close') this.#files.get(path)?.failed.delete(fd);
  }

  end(): PowerCut {
    const zeroed = new Map<string, readonly Range[]>();
    const restored = new Map<string, readonly Range[]>();
    const removed: string[] = [];
    for (const [path, file] of this.#files) {
      if (file.isNameVolatile) removed.push(path);
      const ranges = [...file.dirty, ...file.dropped];
      if (ranges.length === 0) continue;
      zeroed.set(path, ranges);
      if (file.isOld) restored.set(path, withoutAll(ranges, file.replaced));
    }
    return { zeroed, restored, removed, retried: this.#retried };
  }

  #fileAt(path: string): TracedFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      const isOld = this.#existing.has(path);
      file = {
        dirty: [],
        dropped: [],
        replaced: [],
        isOld,
        isNameVolatile: false,
        failed: new Set(),
      };
      this.#files.set(path, file);
    }
    return file;
  }

  #open(args: string, result: number | null): void {
    const path = /, "(\/[^"]*)"/.exec(args)?.[1] ?? '';
    if (!path.startsWith(this.#directory) || result === null || result < 0) return;
    if (args.includes('O_CREAT')) this.#fileAt(path).isNameVolatile = true;
    if (args.includes('O_TRUNC')) this.#fileAt(path).dirty = [];
  }

  #write(path: string, fd: string, { name, args, result }: TracedCall): void {
    const file = this.#fileAt(path);
    if (file.failed.has(fd)) this.#retried.push(`${name} on ${path}`);
    if (result !== null && result <= 0) return;
    const [, asked, offset] = /, (\d+), (\d+)$/.exec(args.trim()) ?? [];
    const from = Number(offset);
    // Killed in a pwritev, of whose parts the log has only the number: up to the end of the file.
    const askedBytes = name === 'pwrite64' ? Number(asked) : Number.MAX_SAFE_INTEGER;
    const to = from + (result ?? askedBytes);
    file.dirty.push([from, to]);
    file.dropped = file.dropped.flatMap((range) => without(range, [from, to]));
  }

  #sync(path: string, fd: string, result: number | null): void {
    if (path === this.#directory) {
      if (result !== 0) return;
      for (const [name, file] of this.#files) {
        file.isNameVolatile = false;
        this.#durableNames.add(name);
      }
      return;
    }
    const file = this.#fileAt(path);
    if (file.failed.has(fd)) this.#retried.push(`sync of ${path}`);
    if (result === null) return;
    if (result !== 0) {
      file.failed.add(fd);
      file.dropped.push(...file.dirty);
    } else file.replaced.push(...file.dirty);
    file.dirty = [];
  }

  #unlink(path: string): void {
    this.#files.delete(path);
    this.#existing.delete(path);
  }

  #rename(args: string): void {
    const [from = '', to = ''] = [...args.matchAll(/"(\/[^"]*)"/g)].map(([, path]) => path ?? '');
    const file = this.#files.get(from) ?? null;
    this.#unlink(from);
    this.#unlink(to);
    if (file === null) return;
    // A new name goes. That an old file is back under it is not tried: the new contents stand for
    // it.
    const isNameVolatile = !this.#durableNames.has(to);
    this.#files.set(to, { ...file, isOld: false, isNameVolatile });
  }
}

/** What is left of a range without another. */
function without([from, to]: Range, [start, end]: Range): Range[] {
  const left: Range[] = [];
  if (from < Math.min(to, start)) left.push([from, Math.min(to, start)]);
  if (Math.max(from, end) < to) left.push([Math.max(from, end), to]);
  return left;
}

const withoutAll = (ranges: readonly Range[], others: readonly Range[]): Range[] =>
  others.reduce<Range[]>(
    (left, other) => left.flatMap((range) => without(range, other)),
    [...ranges],
  );
