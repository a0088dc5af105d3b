// What became of the numbers, in memory: totals by kind and cause, which numbers are known at all,
// and for the newest ones exactly which kind each is of.
//
// Memory does not grow with events. Known numbers are ranges (one, as long as none is missing).
// The kind of each number is kept in chunks of 8,192, one byte a number, for the newest chunks
// only; when a chunk is folded its totals stay, and the ranges of its lost numbers, since a number
// that was declared lost may still turn out to be stored.
import { assert } from '@weir/pipeline';
import type { StreamEpoch } from '../layout.js';
import { streamKey } from '../layout.js';
import { RangeSet } from '../range-set.js';

/**
 * In the order of precedence: a number that is recorded twice keeps the stronger kind. `before`:
 * issued when this sink was not configured, so it was never meant to get it.
 */
export const LEDGER_KINDS = ['before', 'lost', 'filtered', 'quarantined', 'stored'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

export const CHUNK_NUMBERS = 8_192;
/** Of a chunk that was folded: which kind it was is not known any more, and it stays. */
const FOLDED = 255;
const CODE_COUNT_MAX = 250;
/** A range with more numbers goes past the chunks. */
const HUGE_RANGE = 16 * CHUNK_NUMBERS;

/** Kind and cause as one byte; 0 means unknown. The numbering is that of the file. */
export class CodeTable {
  readonly #codes: ({ readonly kind: LedgerKind; readonly cause: string } | null)[] = [null];
  readonly #byName = new Map<string, number>();
  readonly ranks = new Uint8Array(256);

  constructor() {
    for (const kind of ['stored', 'quarantined', 'before'] as const) this.#define(kind, '');
    this.ranks[FOLDED] = LEDGER_KINDS.length + 1;
  }

  /** Codes that every file has without defining them. */
  static readonly fixedCount = 4;

  /** One above the highest code. */
  get count(): number {
    return this.#codes.length;
  }
  at(code: number): { readonly kind: LedgerKind; readonly cause: string } {
    const found = this.#codes[code];
    assert(found !== undefined && found !== null, 'a code is defined before it is used');
    return found;
  }
  /** Causes beyond the limit share one name: their number is what the configuration has. */
  codeOf(kind: LedgerKind, cause: string): number {
    const known = this.#byName.get(`${kind} ${cause}`);
    if (known !== undefined) return known;
    if (this.#codes.length < CODE_COUNT_MAX) return this.#define(kind, cause);
    return this.#byName.get(`${kind} other`) ?? this.#define(kind, 'other');
  }
  /** Lost and before: their numbers stay exact for ever. */
  isRanged(code: number): boolean {
    const { kind } = this.at(code);
    return kind === 'lost' || kind === 'before';
  }

  #define(kind: LedgerKind, cause: string): number {
    const code = this.#codes.length;
    assert(code < FOLDED, 'codes fit into a byte');
    this.#codes.push({ kind, cause });
    this.#byName.set(`${kind} ${cause}`, code);
    this.ranks[code] = LEDGER_KINDS.indexOf(kind) + 1;
    return code;
  }
}

/** One (tenant, stream, epoch). */
export class StreamTally {
  /** By code. */
  readonly counts: number[] = [];
  known = new RangeSet();
  /** By code; of folded chunks only. */
  readonly ranged = new Map<number, RangeSet>();
  readonly chunks = new Map<number, Uint8Array<ArrayBuffer>>();
  /** Running totals of refusals by cause. */
  readonly refused = new Map<string, number>();
  /** By chunk: what was added and is not in `known` yet lies between these. */
  readonly #touched = new Map<number, [number, number]>();

  constructor(
    readonly id: StreamEpoch,
    readonly codes: CodeTable,
  ) {}

  /** Ranges that stay exact, by code, those of the chunks included. */
  rangedNumbers(): Map<number, RangeSet> {
    const all = new Map<number, RangeSet>();
    for (const [code, ranges] of this.ranged) all.set(code, RangeSet.ofPairs(ranges.pairs));
    for (const [index, chunk] of this.chunks) this.#collectRanged(all, index, chunk);
    return all;
  }

  /** Calls back for each chunk that was made. `known` follows with `settle`. */
  add(code: number, first: number, last: number, onChunk: (index: number) => void): void {
    for (let index = Math.floor(first / CHUNK_NUMBERS); index * CHUNK_NUMBERS <= last; index++) {
      const base = index * CHUNK_NUMBERS;
      const from = Math.max(first, base);
      const to = Math.min(last, base + CHUNK_NUMBERS - 1);
      let chunk = this.chunks.get(index);
      if (chunk === undefined && last - first > HUGE_RANGE && !this.known.touches(from, to)) {
        this.#addFolded(code, from, to);
        continue;
      }
      if (chunk === undefined) {
        chunk = this.#unfold(index);
        this.chunks.set(index, chunk);
        onChunk(index);
      }
      this.#merge(chunk, code, from - base, to - base);
      const touched = this.#touched.get(index);
      if (touched === undefined) this.#touched.set(index, [from, to]);
      else {
        touched[0] = Math.min(touched[0], from);
        touched[1] = Math.max(touched[1], to);
      }
    }
  }

  /** Takes what was added into `known`, by runs: number by number would cost far more. */
  settle(): void {
    for (const [index, [from, to]] of this.#touched) {
      const chunk = this.chunks.get(index);
      if (chunk === undefined) continue;
      const base = index * CHUNK_NUMBERS;
      for (let i = from - base; i <= to - base; ) {
        if (chunk[i] === 0) {
          i++;
          continue;
        }
        const start = i;
        while (i <= to - base && chunk[i] !== 0) i++;
        this.known.add(base + start, base + i - 1);
      }
    }
    this.#touched.clear();
  }

  /** Of a range that no chunks could hold at once. */
  #addFolded(code: number, first: number, last: number): void {
    this.#count(code, last - first + 1);
    this.known.add(first, last);
    if (this.codes.isRanged(code)) rangesOf(this.ranged, code).add(first, last);
  }

  fold(index: number): void {
    const chunk = this.chunks.get(index);
    if (chunk === undefined) return;
    this.settle();
    this.chunks.delete(index);
    this.#collectRanged(this.ranged, index, chunk);
  }

  #count(code: number, change: number): void {
    this.counts[code] = (this.counts[code] ?? 0) + change;
  }

  #merge(chunk: Uint8Array, code: number, from: number, to: number): void {
    const { ranks } = this.codes;
    const rank = ranks[code] as number;
    let added = 0;
    for (let i = from; i <= to; i++) {
      const present = chunk[i] as number;
      if ((ranks[present] as number) >= rank) continue;
      if (present !== 0) this.#count(present, -1);
      added++;
      chunk[i] = code;
    }
    this.#count(code, added);
  }

  #collectRanged(into: Map<number, RangeSet>, index: number, chunk: Uint8Array): void {
    const base = index * CHUNK_NUMBERS;
    for (let i = 0; i < CHUNK_NUMBERS; ) {
      const code = chunk[i] as number;
      let end = i + 1;
      while (end < CHUNK_NUMBERS && chunk[end] === code) end++;
      if (code !== 0 && code !== FOLDED && this.codes.isRanged(code)) {
        rangesOf(into, code).add(base + i, base + end - 1);
      }
      i = end;
    }
  }

  #unfold(index: number): Uint8Array<ArrayBuffer> {
    const chunk = new Uint8Array(CHUNK_NUMBERS);
    const base = index * CHUNK_NUMBERS;
    const last = base + CHUNK_NUMBERS - 1;
    const known = this.known.pairsWithin(base, last);
    for (let i = 0; i < known.length; i += 2)
      chunk.fill(FOLDED, (known[i] as number) - base, (known[i + 1] as number) - base + 1);
    for (const [code, ranges] of this.ranged) {
      const pairs = ranges.pairsWithin(base, last);
      for (let i = 0; i < pairs.length; i += 2)
        chunk.fill(code, (pairs[i] as number) - base, (pairs[i + 1] as number) - base + 1);
      ranges.remove(base, last);
      if (ranges.isEmpty) this.ranged.delete(code);
    }
    return chunk;
  }
}

function rangesOf(map: Map<number, RangeSet>, code: number): RangeSet {
  let ranges = map.get(code);
  if (ranges === undefined) {
    ranges = new RangeSet();
    map.set(code, ranges);
  }
  return ranges;
}

/** All streams of one sink. */
export class Tally {
  readonly codes = new CodeTable();
  readonly #streams = new Map<string, StreamTally>();
  readonly #chunkCountMax: number;
  /** Oldest first. */
  readonly #chunks: { readonly stream: StreamTally; readonly index: number }[] = [];

  constructor(chunkCountMax: number) {
    this.#chunkCountMax = chunkCountMax;
  }

  get streams(): IterableIterator<StreamTally> {
    return this.#streams.values();
  }
  get chunkCount(): number {
    return this.#chunks.length;
  }

  find(id: StreamEpoch): StreamTally | undefined {
    return this.#streams.get(streamKey(id));
  }

  /** Made when it is not there; an empty one changes nothing. */
  stream(id: StreamEpoch): StreamTally {
    const key = streamKey(id);
    let found = this.#streams.get(key);
    if (found === undefined) {
      const { tenant, stream, epoch } = id;
      found = new StreamTally({ tenant, stream, epoch }, this.codes);
      this.#streams.set(key, found);
    }
    return found;
  }

  add(stream: StreamTally, code: number, first: number, last: number): void {
    stream.add(code, first, last, (index) => this.#keep(stream, index));
  }

  /** As a snapshot has it. */
  restoreRanged(stream: StreamTally, code: number, pairs: readonly number[]): void {
    stream.ranged.set(code, RangeSet.ofPairs(pairs));
  }
  restoreChunk(stream: StreamTally, index: number, chunk: Uint8Array<ArrayBuffer>): void {
    stream.chunks.set(index, chunk);
    this.#keep(stream, index);
  }

  #keep(stream: StreamTally, index: number): void {
    this.#chunks.push({ stream, index });
    if (this.#chunks.length <= this.#chunkCountMax) return;
    const oldest = this.#chunks.shift();
    oldest?.stream.fold(oldest.index);
  }
}
