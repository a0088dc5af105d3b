// A file system in memory that forgets like a real one.
//
// Model. A file is an inode with two contents: what a read sees (the page cache) and what is on the
// platter. datasync and sync move dirty 512-byte sectors and the size from the first to the second.
// Names are entries of a directory, and an entry that was created, renamed or unlinked is only on
// the platter after syncDir of that directory. A power cut may keep or lose every unsynced sector
// and every unsynced entry on its own, in any combination; crash() makes such states. A failed
// datasync drops the dirty pages, as Linux does: what a read sees stays, but no later sync brings
// it to the platter.
import { createHash } from 'node:crypto';
import type { FileHandle, Files } from '../ports.js';
import type { SimRandom } from './sim-random.js';

export const SIM_SECTOR_BYTES = 512;

export type SimOperationKind =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'datasync'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'syncDir'
  | 'makeDir'
  | 'readDir'
  | 'sizeBytes';

/** One call, before it takes effect. */
export interface SimOperation {
  /** Counts all calls from 0. */
  readonly index: number;
  readonly kind: SimOperationKind;
  readonly path: string;
  readonly byteCount: number;
  /** True if the call can change what a power cut leaves behind. */
  readonly isMutation: boolean;
}

/** Makes the call fail with this system code. A write may have written some bytes before. */
export interface SimFault {
  readonly code: string;
  readonly partialBytes?: number;
}

/**
 * What becomes of unsynced data and entries in a power cut; process_kill keeps them, still
 * unsynced.
 */
export const CRASH_STRATEGIES = [
  'keep_all',
  'lose_unsynced',
  'random_sectors',
  'prefix_tear',
  'zero_hole',
  'process_kill',
] as const;
export type CrashStrategy = (typeof CRASH_STRATEGIES)[number];

interface Inode {
  data: Uint8Array;
  size: number;
  durable: Uint8Array;
  durableSize: number;
  dirty: Set<number>;
}
type EntryChange =
  | { readonly kind: 'link'; readonly directory: string; readonly path: string; inode: Inode }
  | { readonly kind: 'unlink'; readonly directory: string; readonly path: string }
  | {
      readonly kind: 'rename';
      readonly directory: string;
      readonly path: string;
      readonly from: string;
      inode: Inode;
    }
  | { readonly kind: 'makeDir'; readonly directory: string; readonly path: string };

const mutations: ReadonlySet<SimOperationKind> = new Set<SimOperationKind>([
  'create',
  'write',
  'datasync',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'syncDir',
  'makeDir',
]);

export class SimFiles implements Files {
  /** Called before each call takes effect; a returned fault is what the caller sees. */
  onOperation: ((operation: SimOperation) => SimFault | null) | null = null;
  /** Calls so far. */
  operationCount = 0;
  /** Bytes that files may hold together; beyond it ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  #entries = new Map<string, Inode>();
  #directories = new Set<string>(['/']);
  #durableEntries = new Map<string, Inode>();
  #durableDirectories = new Set<string>(['/']);
  #changes: EntryChange[] = [];

  async open(path: string, mode: 'read' | 'create' | 'write'): Promise<FileHandle> {
    await this.#enter(mode === 'create' ? 'create' : 'open', path, 0);
    const found = this.#entries.get(path);
    if (mode !== 'create') {
      if (found === undefined) throw systemError('ENOENT', path);
      return new SimFileHandle(this, found, path);
    }
    if (found !== undefined) throw systemError('EEXIST', path);
    this.#requireDirectory(parentOf(path));
    const inode = newInode();
    this.#entries.set(path, inode);
    this.#changes.push({ kind: 'link', directory: parentOf(path), path, inode });
    return new SimFileHandle(this, inode, path);
  }

  async readDir(path: string): Promise<string[]> {
    await this.#enter('readDir', path, 0);
    this.#requireDirectory(path);
    const names: string[] = [];
    for (const entry of [...this.#entries.keys(), ...this.#directories])
      if (entry !== '/' && parentOf(entry) === path) names.push(entry.slice(path.length + 1));
    return names;
  }

  async makeDir(path: string): Promise<void> {
    await this.#enter('makeDir', path, 0);
    const missing: string[] = [];
    for (let at = path; !this.#directories.has(at); at = parentOf(at)) missing.unshift(at);
    for (const directory of missing) {
      this.#directories.add(directory);
      this.#changes.push({ kind: 'makeDir', directory: parentOf(directory), path: directory });
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter('rename', to, 0);
    const inode = this.#entries.get(from);
    if (inode === undefined) throw systemError('ENOENT', from);
    this.#entries.delete(from);
    this.#entries.set(to, inode);
    this.#changes.push({ kind: 'rename', directory: parentOf(to), path: to, from, inode });
  }

  async unlink(path: string): Promise<void> {
    await this.#enter('unlink', path, 0);
    if (!this.#entries.delete(path)) throw systemError('ENOENT', path);
    this.#changes.push({ kind: 'unlink', directory: parentOf(path), path });
  }

  async syncDir(path: string): Promise<void> {
    await this.#enter('syncDir', path, 0);
    this.#requireDirectory(path);
    for (const change of this.#changes)
      if (change.directory === path)
        applyChange(this.#durableEntries, this.#durableDirectories, change);
    this.#changes = this.#changes.filter((change) => change.directory !== path);
  }

  async sizeBytes(path: string): Promise<number | null> {
    await this.#enter('sizeBytes', path, 0);
    return this.#entries.get(path)?.size ?? null;
  }

  async freeBytes(_path: string): Promise<number> {
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  /** Bytes in all files that have a name. */
  get usedBytes(): number {
    let total = 0;
    for (const inode of this.#entries.values()) total += inode.size;
    return total;
  }

  /** Paths of all files, sorted. */
  get paths(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** What a read would see; null when there is no such file. */
  contentOf(path: string): Uint8Array | null {
    const inode = this.#entries.get(path);
    return inode === undefined ? null : inode.data.slice(0, inode.size);
  }

  /** Rot on the platter and in the cache alike. */
  flipBit(path: string, byteOffset: number, bit: number): void {
    const inode = this.#entries.get(path);
    if (inode === undefined || byteOffset >= inode.size) throw systemError('ENOENT', path);
    inode.data[byteOffset] = (inode.data[byteOffset] ?? 0) ^ (1 << bit);
    if (byteOffset < inode.durableSize)
      inode.durable[byteOffset] = (inode.durable[byteOffset] ?? 0) ^ (1 << bit);
  }

  /** A copy that shares nothing, with the same unsynced state and without hooks and capacity. */
  snapshot(): SimFiles {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        copy = {
          data: inode.data.slice(0, inode.size),
          size: inode.size,
          durable: inode.durable.slice(0, inode.durableSize),
          durableSize: inode.durableSize,
          dirty: new Set(inode.dirty),
        };
        copies.set(inode, copy);
      }
      return copy;
    };
    const copy = new SimFiles();
    for (const [path, inode] of this.#entries) copy.#entries.set(path, copyOf(inode));
    for (const [path, inode] of this.#durableEntries) copy.#durableEntries.set(path, copyOf(inode));
    copy.#directories = new Set(this.#directories);
    copy.#durableDirectories = new Set(this.#durableDirectories);
    copy.#changes = this.#changes.map((change) =>
      change.kind === 'link' || change.kind === 'rename'
        ? { ...change, inode: copyOf(change.inode) }
        : change,
    );
    return copy;
  }

  /**
   * The file system after a power cut now (or after a kill -9 of the process); this one is
   * unchanged.
   */
  crash(strategy: CrashStrategy, random: SimRandom): SimFiles {
    const state = this.snapshot();
    if (strategy === 'process_kill') return state;
    state.#loseEntries(strategy, random);
    for (const inode of new Set(state.#durableEntries.values())) loseData(inode, strategy, random);
    state.#entries = new Map(state.#durableEntries);
    state.#directories = new Set(state.#durableDirectories);
    state.#changes = [];
    return state;
  }

  /** Equal for equal states, unsynced state included; for counting distinct ones. */
  fingerprint(): string {
    const hash = createHash('sha1');
    for (const path of this.paths) {
      const inode = this.#entries.get(path);
      if (inode === undefined) continue;
      hash.update(`${path}\0${inode.size}\0${inode.dirty.size}\0`);
      hash.update(inode.data.subarray(0, inode.size));
    }
    return hash.update(`${this.#changes.length}`).digest('hex');
  }

  #loseEntries(strategy: CrashStrategy, random: SimRandom): void {
    // A journal mostly keeps a prefix of the changes; the harsher model keeps any subset.
    const prefix = random.below(this.#changes.length + 1);
    for (const [index, change] of this.#changes.entries()) {
      const isKept =
        strategy === 'keep_all' ||
        strategy === 'zero_hole' ||
        (strategy === 'prefix_tear' && index < prefix) ||
        (strategy === 'random_sectors' && random.chance(0.5));
      if (isKept) applyChange(this.#durableEntries, this.#durableDirectories, change);
    }
    // No journal keeps a directory and loses the one that it is in.
    for (const path of [...this.#durableDirectories])
      for (let at = path; at !== '/'; at = parentOf(at)) this.#durableDirectories.add(at);
    for (const path of [...this.#durableEntries.keys()])
      if (!this.#durableDirectories.has(parentOf(path))) this.#durableEntries.delete(path);
  }

  /** @internal Lets pending continuations run, as a real call would, then asks the hook. */
  async enter(kind: SimOperationKind, path: string, byteCount: number): Promise<SimFault | null> {
    for (let i = 0; i < 4; i++) await undefined;
    const operation = {
      index: this.operationCount++,
      kind,
      path,
      byteCount,
      isMutation: mutations.has(kind),
    };
    return this.onOperation?.(operation) ?? null;
  }

  async #enter(kind: SimOperationKind, path: string, byteCount: number): Promise<void> {
    const fault = await this.enter(kind, path, byteCount);
    if (fault !== null) throw systemError(fault.code, path);
  }

  #requireDirectory(path: string): void {
    if (!this.#directories.has(path)) throw systemError('ENOENT', path);
  }
}

class SimFileHandle implements FileHandle {
  #isOpen = true;
  constructor(
    readonly files: SimFiles,
    readonly inode: Inode,
    readonly path: string,
  ) {}

  async read(target: Uint8Array, position: number): Promise<number> {
    await this.#enter('read', target.length);
    const part = this.inode.data.subarray(
      position,
      Math.min(this.inode.size, position + target.length),
    );
    target.set(part);
    return part.length;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0);
    this.#requireOpen();
    const fault = await this.files.enter('write', this.path, byteCount);
    const growth = Math.max(0, position + byteCount - this.inode.size);
    const room = Math.max(0, this.files.capacityBytes - this.files.usedBytes);
    let limit = fault === null ? byteCount : (fault.partialBytes ?? 0);
    if (growth > room) limit = Math.min(limit, Math.max(0, byteCount - (growth - room)));
    writeParts(this.inode, parts, position, limit);
    if (fault !== null) throw systemError(fault.code, this.path);
    if (growth > room) throw systemError('ENOSPC', this.path);
  }

  datasync(): Promise<void> {
    return this.#sync('datasync');
  }
  sync(): Promise<void> {
    return this.#sync('sync');
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#enter('truncate', sizeBytes);
    resize(this.inode, sizeBytes);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  async #sync(kind: 'datasync' | 'sync'): Promise<void> {
    this.#requireOpen();
    const fault = await this.files.enter(kind, this.path, 0);
    if (fault !== null) {
      this.inode.dirty.clear();
      throw systemError(fault.code, this.path);
    }
    persist(this.inode, this.inode.dirty, this.inode.size);
    this.inode.dirty.clear();
  }

  async #enter(kind: SimOperationKind, byteCount: number): Promise<void> {
    this.#requireOpen();
    const fault = await this.files.enter(kind, this.path, byteCount);
    if (fault !== null) throw systemError(fault.code, this.path);
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw systemError('EBADF', this.path);
  }
}

function newInode(): Inode {
  return {
    data: new Uint8Array(0),
    size: 0,
    durable: new Uint8Array(0),
    durableSize: 0,
    dirty: new Set(),
  };
}

function grown(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

function resize(inode: Inode, size: number): void {
  inode.data = grown(inode.data, size);
  const from = Math.min(inode.size, size);
  inode.data.fill(0, from);
  markDirty(inode, from, Math.max(inode.size, size));
  inode.size = size;
}

function writeParts(
  inode: Inode,
  parts: readonly Uint8Array[],
  position: number,
  limit: number,
): void {
  if (limit === 0) return;
  if (position + limit > inode.size) resize(inode, position + limit);
  let at = position;
  for (const part of parts) {
    const taken = part.subarray(0, Math.max(0, position + limit - at));
    inode.data.set(taken, at);
    at += taken.length;
  }
  markDirty(inode, position, at);
}

function markDirty(inode: Inode, from: number, to: number): void {
  const last = Math.ceil(to / SIM_SECTOR_BYTES);
  for (let i = Math.floor(from / SIM_SECTOR_BYTES); i < last; i++) inode.dirty.add(i);
}

/**
 * Moves sectors to the platter and gives the file a size there; sectors not moved stay as they
 * were.
 */
function persist(inode: Inode, sectors: Iterable<number>, size: number): void {
  inode.durable = grown(inode.durable, size);
  if (size < inode.durableSize) inode.durable.fill(0, size);
  for (const sector of sectors) {
    const from = sector * SIM_SECTOR_BYTES;
    const to = Math.min(from + SIM_SECTOR_BYTES, inode.size, size);
    if (to > from) inode.durable.set(inode.data.subarray(from, to), from);
  }
  inode.durableSize = size;
}

function loseData(inode: Inode, strategy: CrashStrategy, random: SimRandom): void {
  const dirty = [...inode.dirty].sort((a, b) => a - b);
  if (strategy === 'keep_all') persist(inode, dirty, inode.size);
  else if (strategy === 'random_sectors') {
    const size = random.chance(0.7) ? inode.size : inode.durableSize;
    persist(
      inode,
      dirty.filter(() => random.chance(0.5)),
      size,
    );
  } else if (strategy === 'zero_hole') {
    // The size reached the platter; some of the sectors behind the old size did not.
    const firstNew = Math.floor(inode.durableSize / SIM_SECTOR_BYTES);
    const kept = dirty.filter((sector) => sector < firstNew || random.chance(0.6));
    persist(inode, kept, inode.size);
  } else if (strategy === 'prefix_tear' && dirty.length > 0) {
    tear(inode, dirty, random);
  }
  inode.data = inode.durable.slice(0, inode.durableSize);
  inode.size = inode.durableSize;
  inode.dirty = new Set();
}

/** Keeps the unsynced bytes before a random one. */
function tear(inode: Inode, dirty: readonly number[], random: SimRandom): void {
  const from = (dirty[0] ?? 0) * SIM_SECTOR_BYTES;
  const to = Math.min(((dirty.at(-1) ?? 0) + 1) * SIM_SECTOR_BYTES, inode.size);
  const cut = from + random.below(Math.max(1, to - from + 1));
  inode.durable = grown(inode.durable, Math.max(cut, inode.durableSize));
  inode.durable.set(inode.data.subarray(from, cut), from);
  inode.durableSize = Math.max(cut, inode.durableSize);
}

function applyChange(
  entries: Map<string, Inode>,
  directories: Set<string>,
  change: EntryChange,
): void {
  if (change.kind === 'makeDir') directories.add(change.path);
  else if (change.kind === 'unlink') entries.delete(change.path);
  else {
    if (change.kind === 'rename') entries.delete(change.from);
    entries.set(change.path, change.inode);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
