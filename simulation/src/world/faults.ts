// The classes of faults that are on at a moment, and what they do to a call that asks.
import type { SimFault, SimOperation, SimRandom, SimWorkerPlan } from '@weir/pipeline/testing';
import type { StatementInfo, StoreFault } from '../store/engine.js';
import type { FaultClass, Seen } from './coverage.js';
import type { SeedPlan } from './plan.js';

const EIO_RATE = 0.3;

export class Faults {
  readonly #plan: SeedPlan;
  readonly #random: SimRandom;
  readonly #seen: Seen;
  /** How many windows of a class are open. */
  readonly #open = new Map<FaultClass, number>();
  /** The end of the run: nothing fails any more. */
  isOver = false;
  /** A call of the disk failed since somebody set it to false. */
  hasDiskFailed = false;
  /** True while the process starts and is not yet at work. */
  isStarting: () => boolean = () => false;
  /** A sync of a file failed, and what it did not write is on no disk, though reads show it. */
  onDroppedPages: (path: string) => void = () => undefined;

  constructor(plan: SeedPlan, random: SimRandom, seen: Seen) {
    this.#plan = plan;
    this.#random = random;
    this.#seen = seen;
  }

  begin(kind: FaultClass): void {
    this.#open.set(kind, (this.#open.get(kind) ?? 0) + 1);
  }
  end(kind: FaultClass): void {
    this.#open.set(kind, (this.#open.get(kind) ?? 1) - 1);
  }
  isOn(kind: FaultClass): boolean {
    return !this.isOver && (this.#open.get(kind) ?? 0) > 0;
  }
  saw(kind: string): void {
    this.#seen[kind] = (this.#seen[kind] ?? 0) + 1;
  }

  /** True, and seen, for a share of the calls while the class is on. */
  strikes(kind: FaultClass, rate: number): boolean {
    if (!this.isOn(kind) || !this.#random.chance(rate)) return false;
    this.saw(kind);
    return true;
  }

  diskDelayMs(kind: 'datasync' | 'sync' | 'syncDir' | 'other'): number {
    if (this.strikes('slow_disk', 0.4)) return this.#random.below(kind === 'other' ? 60 : 700);
    return kind === 'datasync' ? 0.2 + this.#random.below(30) / 10 : 0;
  }

  onOperation(operation: SimOperation): SimFault | null {
    const fault = this.#diskFault(operation);
    if (fault !== null || this.isOn('disk_full')) this.hasDiskFailed = true;
    return fault;
  }

  #diskFault({ kind, path }: SimOperation): SimFault | null {
    if (kind === 'write' && this.strikes('disk_eio_write', EIO_RATE))
      return { code: 'EIO', partialBytes: this.#random.below(200) };
    if (kind === 'syncDir' && this.strikes('disk_eio_sync', EIO_RATE)) return { code: 'EIO' };
    const isSync = kind === 'datasync' || kind === 'sync';
    if (isSync && this.strikes('disk_eio_sync', EIO_RATE)) {
      this.saw('sync_dropped_pages');
      this.onDroppedPages(path);
      return { code: 'EIO' };
    }
    const isRead = kind === 'read' || kind === 'open';
    if (isRead && this.strikes('disk_eio_read', EIO_RATE)) {
      if (this.isStarting()) this.saw('disk_eio_read_at_start');
      return { code: 'EIO' };
    }
    const isOther = kind === 'create' || kind === 'rename' || kind === 'unlink';
    if (isOther && this.strikes('disk_eio_other', EIO_RATE)) return { code: 'EIO' };
    return null;
  }

  storeFault({ kind }: StatementInfo): StoreFault | null {
    const rate = this.#plan.storeFaultRate;
    if (this.strikes('store_lost_before', rate)) return { kind: 'lost_before' };
    if (this.strikes('store_refused_memory', rate)) return { kind: 'refused', code: 241 };
    if (this.strikes('store_refused_busy', rate)) return { kind: 'refused', code: 202 };
    if (this.strikes('store_reply_lost', rate)) return { kind: 'reply_lost' };
    if (this.strikes('store_hang', rate))
      return { kind: 'hang', afterMs: 1_000 + this.#random.below(60_000) };
    if (this.strikes('store_killed_before', rate / 3)) return { kind: 'killed_before' };
    if (this.strikes('store_killed_after', rate / 3)) return { kind: 'killed_after' };
    if (kind !== 'insert') return null;
    if (this.strikes('store_refused_parts', rate)) return { kind: 'refused', code: 252 };
    if (this.strikes('store_partial', rate)) return { kind: 'partial' };
    if (this.strikes('store_killed_partial', rate / 3)) return { kind: 'killed_partial' };
    if (this.strikes('store_killed_token', rate / 3)) return { kind: 'killed_token' };
    return null;
  }

  workerPlan(): SimWorkerPlan {
    const rate = this.#plan.workerFaultRate;
    const delayMs = 0.2 + this.#random.below(40) / 10;
    if (this.strikes('worker_died', rate)) return { delayMs, failure: 'died' };
    if (this.strikes('worker_hung', rate)) return { delayMs, failure: 'hung' };
    if (this.strikes('worker_threw', rate)) return { delayMs, failure: 'threw' };
    if (this.strikes('worker_bystander', rate)) return { delayMs, failure: 'bystander' };
    return { delayMs, failure: null };
  }
}
