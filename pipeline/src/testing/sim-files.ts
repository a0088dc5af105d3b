// A file system in memory that forgets like a real one.
//
// Model. A file is an inode with two contents: what a read sees (the page cache) and what is on the
// platter. datasync and sync move dirty 512-byte sectors and the size from the first to the second.
// Names are entries of a directory, and an entry that was created, renamed or unlinked is only on
// the platter after syncDir of that directory. A power cut may keep or lose every unsynced sector
// and every unsynced entry on its own, in any combination; crash() makes such states. A failed
// datasync drops the dirty pages, as Linux does: what a read sees stays, but no later sync brings
// it to the platter. Copies share all sectors, so that a snapshot costs a list of pointers.
import type { FileHandle, FileMode, Files } from '../ports.js';
import { type CrashStrategy, powerCut } from './sim-files-crash.js';
import { Inode, type Sector, SIM_SECTOR_BYTES, ZERO_SECTOR } from './sim-files-inode.js';
import { Names, parentOf } from './sim-files-names.js';
import {
  isMutation,
  type SimFault,
  type SimMisdirection,
  type SimOperation,
  type SimOperationKind,
  systemError,
} from './sim-files-operations.js';
import type { SimRandom } from './sim-random.js';

/** Sectors of deleted files that are remembered for stale blocks. */
const STALE_SECTORS_MAX = 64;

type Outcome = SimFault | SimMisdirection | null;

export class SimFiles implements Files {
  /** Called before each call takes effect; what it returns is what becomes of the call. */
  onOperation: ((operation: SimOperation) => Outcome) | null = null;
  /** Calls so far. */
  operationCount = 0;
  /** Bytes that files may hold together; beyond it ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Turns of the queue of microtasks that a call takes, so that other code runs meanwhile. */
  turnsPerCall = 4;
  #names = new Names();
  #stale: Sector[] = [];

  async open(path: string, mode: FileMode): Promise<FileHandle> {
    const isNew = mode === 'create' || mode === 'create_private';
    await this.#enter(isNew ? 'create' : 'open', path, 0);
    const found = this.#names.entries.get(path);
    if (!isNew) {
      if (found === undefined) throw systemError('ENOENT', path);
      return new SimFileHandle(this, found, path);
    }
    if (found !== undefined) throw systemError('EEXIST', path);
    this.#requireDirectory(parentOf(path));
    const inode = new Inode();
    inode.isPrivate = mode === 'create_private';
    this.#names.link(path, inode);
    return new SimFileHandle(this, inode, path);
  }

  async readDir(path: string): Promise<string[]> {
    await this.#enter('readDir', path, 0);
    this.#requireDirectory(path);
    return this.#names.list(path);
  }

  async makeDir(path: string): Promise<void> {
    await this.#enter('makeDir', path, 0);
    this.#names.makeDirectory(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter('rename', to, 0);
    this.#forget(this.#names.entries.get(to));
    if (!this.#names.rename(from, to)) throw systemError('ENOENT', from);
  }

  async unlink(path: string): Promise<void> {
    await this.#enter('unlink', path, 0);
    this.#forget(this.#names.entries.get(path));
    if (!this.#names.unlink(path)) throw systemError('ENOENT', path);
  }

  async syncDir(path: string): Promise<void> {
    await this.#enter('syncDir', path, 0);
    this.#requireDirectory(path);
    this.#names.sync(path);
  }

  async sizeBytes(path: string): Promise<number | null> {
    await this.#enter('sizeBytes', path, 0);
    return this.#names.entries.get(path)?.size ?? null;
  }

  async freeBytes(path: string): Promise<number> {
    await this.#enter('freeBytes', path, 0);
    return this.roomBytes;
  }

  /** Bytes that may still be written behind the ends of files. */
  get roomBytes(): number {
    return this.capacityBytes === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.capacityBytes - this.usedBytes);
  }

  /** Bytes in all files that have a name. */
  get usedBytes(): number {
    let total = 0;
    for (const inode of this.#names.entries.values()) total += inode.size;
    return total;
  }

  /** Paths of all files, sorted. */
  get paths(): string[] {
    return [...this.#names.entries.keys()].sort();
  }

  /** What a read would see; null when there is no such file. */
  contentOf(path: string): Uint8Array | null {
    const inode = this.#names.entries.get(path);
    if (inode === undefined) return null;
    const bytes = new Uint8Array(inode.size);
    inode.read(bytes, 0);
    return bytes;
  }

  /** True if the file was created so that only its owner may read it. */
  isPrivate(path: string): boolean {
    return this.#names.entries.get(path)?.isPrivate === true;
  }

  /** Rot on the platter and in the cache alike. */
  flipBit(path: string, byteOffset: number, bit: number): void {
    this.#inodeAt(path, byteOffset).rot(byteOffset, (bytes, at) => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    });
  }

  /** Other bytes on the platter and in the cache alike: a write of something else landed here. */
  overwrite(path: string, byteOffset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = byteOffset + done;
      const inode = this.#names.entries.get(path);
      if (inode === undefined || at >= inode.size) return;
      const length = Math.min(
        SIM_SECTOR_BYTES - (at % SIM_SECTOR_BYTES),
        bytes.length - done,
        inode.size - at,
      );
      const piece = bytes.subarray(done, done + length);
      inode.rot(at, (sector, from) => sector.set(piece, from));
      done += length;
    }
  }

  /** The file and its name are gone, on the platter too. */
  lose(path: string): void {
    this.#names.entries.delete(path);
    this.#names.durableEntries.delete(path);
  }

  /** A copy with the same unsynced state, without hooks and capacity; each may go its own way. */
  snapshot(): SimFiles {
    const copy = new SimFiles();
    copy.#names = this.#names.copy();
    copy.#stale = this.#stale.slice();
    copy.turnsPerCall = this.turnsPerCall;
    return copy;
  }

  /**
   * The file system after a power cut now (or after a kill -9 of the process); this one is
   * unchanged.
   */
  crash(strategy: CrashStrategy, random: SimRandom): SimFiles {
    const state = this.snapshot();
    if (strategy !== 'process_kill') powerCut(state.#names, strategy, random, state.#stale);
    return state;
  }

  /** Equal for equal states, unsynced state included; for counting distinct ones. 52 bits. */
  fingerprint(): number {
    return this.#names.hash();
  }

  /** @internal Lets pending continuations run, as a real call would, then asks the hook. */
  async enter(kind: SimOperationKind, path: string, byteCount: number): Promise<Outcome> {
    for (let i = 0; i < this.turnsPerCall; i++) await undefined;
    const index = this.operationCount++;
    if (this.onOperation === null) return null;
    return this.onOperation({ index, kind, path, byteCount, isMutation: isMutation(kind) });
  }

  /** @internal Where a misdirected write lands; false if there is no such file. */
  writeElsewhere(path: string, parts: readonly Uint8Array[], position: number): boolean {
    const inode = this.#names.entries.get(path);
    if (inode === undefined) return false;
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0);
    inode.write(parts, position, byteCount);
    inode.sync();
    return true;
  }

  #inodeAt(path: string, byteOffset: number): Inode {
    const inode = this.#names.entries.get(path);
    if (inode === undefined || byteOffset >= inode.size) throw systemError('ENOENT', path);
    return inode;
  }

  #forget(inode: Inode | undefined): void {
    if (inode === undefined) return;
    for (const sector of inode.durable.slice(0, 16))
      if (sector !== ZERO_SECTOR) this.#stale.push(sector);
    if (this.#stale.length > STALE_SECTORS_MAX)
      this.#stale.splice(0, this.#stale.length - STALE_SECTORS_MAX);
  }

  async #enter(kind: SimOperationKind, path: string, byteCount: number): Promise<void> {
    const outcome = await this.enter(kind, path, byteCount);
    if (outcome !== null && 'code' in outcome) throw systemError(outcome.code, path);
  }

  #requireDirectory(path: string): void {
    if (!this.#names.directories.has(path)) throw systemError('ENOENT', path);
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
    return this.inode.read(target, position);
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    let byteCount = 0;
    for (const part of parts) byteCount += part.length;
    this.#requireOpen();
    const outcome = await this.files.enter('write', this.path, byteCount);
    if (outcome !== null && 'landsAt' in outcome) {
      const { landsAt } = outcome;
      if (landsAt !== null) this.files.writeElsewhere(landsAt.path, parts, landsAt.position);
      return;
    }
    const growth = Math.max(0, position + byteCount - this.inode.size);
    const room = growth > 0 ? this.files.roomBytes : growth;
    let limit = outcome === null ? byteCount : (outcome.partialBytes ?? 0);
    if (growth > room) limit = Math.min(limit, Math.max(0, byteCount - (growth - room)));
    this.inode.write(parts, position, Math.min(limit, byteCount));
    if (outcome !== null) throw systemError(outcome.code, this.path);
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
    this.inode.resize(sizeBytes);
  }

  /** An injected error is as little told as the port tells one. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.files.enter('close', this.path, 0);
  }

  async #sync(kind: 'datasync' | 'sync'): Promise<void> {
    this.#requireOpen();
    const outcome = await this.files.enter(kind, this.path, 0);
    if (outcome !== null && 'code' in outcome) {
      if (outcome.keepsPages !== true) this.inode.dirty.clear();
      throw systemError(outcome.code, this.path);
    }
    this.inode.sync();
  }

  async #enter(kind: SimOperationKind, byteCount: number): Promise<void> {
    this.#requireOpen();
    const outcome = await this.files.enter(kind, this.path, byteCount);
    if (outcome !== null && 'code' in outcome) throw systemError(outcome.code, this.path);
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw systemError('EBADF', this.path);
  }
}
