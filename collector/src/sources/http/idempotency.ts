// Keyed requests (design 4): within a window a repeat gets the first receipt and admits nothing, or
// only what the first attempt left out. The keys stand in the frames, so the index is rebuilt from
// them after a start; it needs no file of its own.
import { type AdmittedPart, type Clock, LIMITS } from '@weir/pipeline';

/** What the spool tells about keyed requests after it was opened, in log order. */
export interface RecoveredRequestPart {
  readonly key: string;
  readonly bodySha256: Uint8Array;
  readonly stream: string;
  readonly epoch: bigint;
  /** Number of the first event of the part. */
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly itemIndexFirst: number;
  readonly itemCount: number;
}

/** Names the first event of a request. */
export interface Receipt {
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
}

/** Items of a request, from `first` up to but not including `end`. */
export type ItemRange = readonly [first: number, end: number];

export type Claim =
  | { readonly kind: 'conflict' }
  | { readonly kind: 'replay'; readonly receipt: Receipt }
  /** Another attempt runs: wait, then claim again. */
  | { readonly kind: 'wait'; readonly until: Promise<void> }
  /** Admit these, tell `onDurable` of each part, call `done` whatever happens. */
  | {
      readonly kind: 'admit';
      readonly missing: readonly ItemRange[];
      readonly onDurable: (part: AdmittedPart) => void;
      readonly done: () => void;
    };

export interface IdempotencyOptions {
  readonly clock: Clock;
  readonly windowMs?: number;
  readonly keysMax?: number;
  /** A key was forgotten before its window ended, since there were too many. */
  readonly onEvicted?: () => void;
}

export interface IdempotencyKey {
  readonly text: string;
  readonly producer: string;
}

const KEY = /^([!-.0-~]{1,128})\/(?:[0-9]{1,20}|(?:0x)?[0-9a-fA-F]{1,16})\/[0-9]{1,16}$/;

/** `producer/epoch/firstSeq`: visible ASCII without a slash, decimal or hex, decimal; else null. */
export function parseIdempotencyKey(text: string): IdempotencyKey | null {
  if (text.length > LIMITS.idempotencyKeyBytesMax) return null;
  const producer = KEY.exec(text)?.[1];
  return producer === undefined ? null : { text, producer };
}

/** Small on purpose: there may be a quarter of a million. */
interface Entry {
  /** SHA-256 of the body, one character a byte. */
  readonly digest: string;
  readonly itemCount: number;
  readonly sinceMs: number;
  /** Durable part with the lowest item index. */
  stream: string;
  epoch: bigint;
  seqFirst: number;
  itemIndexFirst: number;
  /** Durable items, ascending and merged; null once all are. */
  ranges: ItemRange[] | null;
  running: Promise<void> | null;
}

export class IdempotencyIndex {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #keysMax: number;
  readonly #onEvicted: () => void;
  /** In order of first sight. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: IdempotencyOptions) {
    this.#clock = options.clock;
    this.#windowMs = options.windowMs ?? LIMITS.idempotencyWindowMs;
    this.#keysMax = options.keysMax ?? LIMITS.idempotencyKeysMax;
    this.#onEvicted = options.onEvicted ?? (() => {});
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  /**
   * Takes over what the frames say, for a whole window from now: how long the process was down no
   * clock tells that nobody can set, and a key that is known too long does no harm.
   */
  recover(parts: Iterable<RecoveredRequestPart>): void {
    const nowMs = this.#clock.monotonicMs();
    for (const part of parts) {
      const digest = digestOf(part.bodySha256);
      const known = this.#entries.get(part.key);
      const entry =
        known?.digest === digest ? known : this.#add(part.key, digest, part.itemCount, nowMs);
      addDurable(entry, part);
    }
  }

  /** Synchronous, so that of two equal requests exactly one admits. */
  claim(key: string, bodySha256: Uint8Array, itemCount: number): Claim {
    const nowMs = this.#clock.monotonicMs();
    const digest = digestOf(bodySha256);
    let entry = this.#entries.get(key);
    if (entry !== undefined && entry.running === null && nowMs - entry.sinceMs > this.#windowMs) {
      this.#entries.delete(key);
      entry = undefined;
    }
    if (entry === undefined) return this.#start(key, this.#add(key, digest, itemCount, nowMs));
    if (entry.digest !== digest) return { kind: 'conflict' };
    if (entry.running !== null) return { kind: 'wait', until: entry.running };
    if (entry.ranges !== null) return this.#start(key, entry);
    const { stream, epoch, seqFirst } = entry;
    return { kind: 'replay', receipt: { stream, epoch, seqFirst } };
  }

  /** Receipt of a request that is complete, else null. */
  receiptOf(key: string): Receipt | null {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.ranges !== null) return null;
    return { stream: entry.stream, epoch: entry.epoch, seqFirst: entry.seqFirst };
  }

  #start(key: string, entry: Entry): Claim {
    let finish = (): void => {};
    entry.running = new Promise((resolve) => {
      finish = resolve;
    });
    return {
      kind: 'admit',
      missing: missingOf(entry),
      onDurable: (part) => addDurable(entry, part),
      done: () => {
        entry.running = null;
        // An attempt of which nothing is durable leaves no trace: the key is as good as new.
        const isBlank = entry.ranges !== null && entry.ranges.length === 0;
        if (isBlank && this.#entries.get(key) === entry) this.#entries.delete(key);
        finish();
      },
    };
  }

  #add(key: string, digest: string, itemCount: number, sinceMs: number): Entry {
    this.#entries.delete(key);
    this.#evict();
    const entry: Entry = {
      digest,
      itemCount,
      sinceMs,
      stream: '',
      epoch: 0n,
      seqFirst: 0,
      itemIndexFirst: Number.POSITIVE_INFINITY,
      ranges: [],
      running: null,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #evict(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, entry] of this.#entries) {
      if (entry.running !== null) continue;
      const isExpired = nowMs - entry.sinceMs > this.#windowMs;
      if (!isExpired && this.#entries.size < this.#keysMax) return;
      this.#entries.delete(key);
      if (!isExpired) this.#onEvicted();
    }
  }
}

function addDurable(
  entry: Entry,
  part: { stream: string; epoch: bigint; seqFirst: number } & Pick<
    AdmittedPart,
    'itemIndexFirst' | 'eventCount'
  >,
): void {
  if (part.itemIndexFirst < entry.itemIndexFirst) {
    entry.stream = part.stream;
    entry.epoch = part.epoch;
    entry.seqFirst = part.seqFirst;
    entry.itemIndexFirst = part.itemIndexFirst;
  }
  if (entry.ranges === null) return;
  const fresh: ItemRange = [part.itemIndexFirst, part.itemIndexFirst + part.eventCount];
  const merged: [number, number][] = [];
  for (const [first, end] of [...entry.ranges, fresh].sort((a, b) => a[0] - b[0])) {
    const last = merged[merged.length - 1];
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([first, end]);
  }
  const only = merged.length === 1 ? merged[0] : undefined;
  entry.ranges = only?.[0] === 0 && only[1] >= entry.itemCount ? null : merged;
}

function missingOf(entry: Entry): ItemRange[] {
  const missing: ItemRange[] = [];
  let next = 0;
  for (const [first, end] of entry.ranges ?? []) {
    if (first > next) missing.push([next, first]);
    next = end;
  }
  if (next < entry.itemCount) missing.push([next, entry.itemCount]);
  return missing;
}

const digestOf = (sha256: Uint8Array): string =>
  Buffer.from(sha256.buffer, sha256.byteOffset, sha256.byteLength).toString('latin1');
