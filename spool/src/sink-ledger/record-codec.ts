// Records of a ledger file, as FORMAT.md "Ledger of a sink" has them. Streams and causes are
// defined in the record that first uses them, so that an outcome costs a few bytes.
import type { StreamEpoch } from '../layout.js';
import { ByteReader, ByteWriter, MalformedError } from './byte-writer.js';
import type { StreamTally, Tally } from './tally.js';
import { CHUNK_NUMBERS, CodeTable, LEDGER_KINDS, type LedgerKind } from './tally.js';

export const RECORD = { outcome: 1, stream: 2, end: 3 } as const;
const FORM = { runs: 0, bitmap: 1 } as const;

/** Numbers of one stream that came to the same end. */
export interface StreamOutcome extends StreamEpoch {
  readonly kind: LedgerKind;
  /** What filtered them or lost them; empty for stored and quarantined. */
  readonly cause: string;
  /** first, last pairs. */
  readonly seqs: readonly number[];
}

/** Events that never got a number. */
export interface StreamRefusal extends StreamEpoch {
  readonly cause: string;
  /** Running total of this stream, epoch and cause. */
  readonly eventCount: number;
}

export interface LedgerRecord {
  readonly outcomes: readonly StreamOutcome[];
  readonly refusals?: readonly StreamRefusal[];
  /** Kept as the newest state until another record brings one; absent leaves it as it is. */
  readonly state?: Uint8Array;
}

/** Which streams and codes a file has defined so far. */
export class Names {
  readonly #indexes = new Map<StreamTally, number>();
  readonly #streams: StreamTally[] = [];
  codeCount = CodeTable.fixedCount;

  indexOf(stream: StreamTally): number | undefined {
    return this.#indexes.get(stream);
  }
  at(index: number): StreamTally {
    const stream = this.#streams[index];
    if (stream === undefined) throw new MalformedError('a stream is used before it is defined');
    return stream;
  }
  define(stream: StreamTally): number {
    const index = this.#streams.length;
    this.#streams.push(stream);
    this.#indexes.set(stream, index);
    return index;
  }
}

/** Numbers with their code in the table. */
export interface CodedOutcome {
  readonly stream: StreamTally;
  readonly code: number;
  readonly seqs: readonly number[];
}

/** Writes definitions in front of the body of each record. */
export class RecordEncoder {
  readonly #names: Names;
  readonly #codes: CodeTable;

  constructor(names: Names, codes: CodeTable) {
    this.#names = names;
    this.#codes = codes;
  }

  outcome(
    coded: readonly CodedOutcome[],
    refusals: readonly { readonly stream: StreamTally; cause: string; eventCount: number }[],
    state: Uint8Array | null,
  ): Uint8Array {
    const streams = [...coded, ...refusals].map(({ stream }) => stream);
    const out = this.#begin(RECORD.outcome, streams);
    out.varint(coded.length);
    for (const { stream, code, seqs } of coded) {
      out.varint(this.#names.indexOf(stream) ?? 0);
      out.varint(code);
      putSeqs(out, seqs);
    }
    out.varint(refusals.length);
    for (const { stream, cause, eventCount } of refusals) {
      out.varint(this.#names.indexOf(stream) ?? 0);
      out.text(cause);
      out.varint(eventCount);
    }
    putState(out, state);
    return out.written;
  }

  /** All that a snapshot says of one stream. */
  stream(stream: StreamTally): Uint8Array {
    const out = this.#begin(RECORD.stream, [stream]);
    out.varint(this.#names.indexOf(stream) ?? 0);
    const counts = [...stream.counts.entries()].filter(([, count]) => (count ?? 0) > 0);
    out.varint(counts.length);
    for (const [code, count] of counts) {
      out.varint(code);
      out.varint(count);
    }
    putSeqs(out, stream.known.pairs);
    out.varint(stream.ranged.size);
    for (const [code, ranges] of stream.ranged) {
      out.varint(code);
      putSeqs(out, ranges.pairs);
    }
    out.varint(stream.chunks.size);
    for (const [index, chunk] of stream.chunks) {
      out.varint(index);
      putChunk(out, chunk);
    }
    out.varint(stream.refused.size);
    for (const [cause, eventCount] of stream.refused) {
      out.text(cause);
      out.varint(eventCount);
    }
    return out.written;
  }

  end(state: Uint8Array | null): Uint8Array {
    const out = this.#begin(RECORD.end, []);
    putState(out, state);
    return out.written;
  }

  #begin(type: number, streams: readonly StreamTally[]): ByteWriter {
    const out = new ByteWriter();
    out.u8(type);
    const fresh = [...new Set(streams)].filter((one) => this.#names.indexOf(one) === undefined);
    out.varint(fresh.length);
    for (const stream of fresh) {
      this.#names.define(stream);
      out.text(stream.id.tenant);
      out.text(stream.id.stream);
      out.u64(stream.id.epoch);
    }
    const names = this.#names;
    out.varint(this.#codes.count - names.codeCount);
    for (; names.codeCount < this.#codes.count; names.codeCount++) {
      const { kind, cause } = this.#codes.at(names.codeCount);
      out.u8(LEDGER_KINDS.indexOf(kind));
      out.text(cause);
    }
    return out;
  }
}

/** Puts records into a tally, one after the other. Throws MalformedError. */
export class RecordDecoder {
  readonly names = new Names();
  readonly #tally: Tally;
  state: Uint8Array | null = null;
  /** The snapshot that the file begins with is complete. */
  isWhole = false;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  apply(body: Uint8Array): void {
    const input = new ByteReader(body);
    const type = input.u8();
    this.#define(input);
    if (type === RECORD.outcome) this.#outcome(input);
    else if (type === RECORD.stream) this.#stream(input);
    else if (type === RECORD.end) {
      this.#takeState(input);
      this.isWhole = true;
    } else throw new MalformedError(`a record has the unknown type ${type}`);
    if (!input.isAtEnd) throw new MalformedError('a record is longer than its parts');
  }

  #define(input: ByteReader): void {
    for (let left = input.varint(); left > 0; left--) {
      const [tenant, stream, epoch] = [input.text(), input.text(), input.u64()];
      this.names.define(this.#tally.stream({ tenant, stream, epoch }));
    }
    for (let left = input.varint(); left > 0; left--) {
      const kind = LEDGER_KINDS[input.u8()];
      if (kind === undefined) throw new MalformedError('a record has an unknown kind');
      const code = this.#tally.codes.codeOf(kind, input.text());
      if (code !== this.names.codeCount++) throw new MalformedError('a cause is defined twice');
    }
  }

  #code(input: ByteReader): number {
    const code = input.varint();
    if (code === 0 || code >= this.names.codeCount)
      throw new MalformedError('a cause is used before it is defined');
    return code;
  }

  #outcome(input: ByteReader): void {
    const touched = new Set<StreamTally>();
    for (let left = input.varint(); left > 0; left--) {
      const stream = this.names.at(input.varint());
      const code = this.#code(input);
      takeSeqs(input, (first, last) => this.#tally.add(stream, code, first, last));
      touched.add(stream);
    }
    for (const stream of touched) stream.settle();
    for (let left = input.varint(); left > 0; left--) {
      const stream = this.names.at(input.varint());
      noteRefusal(stream, input.text(), input.varint());
    }
    this.#takeState(input);
  }

  #stream(input: ByteReader): void {
    const stream = this.names.at(input.varint());
    for (let left = input.varint(); left > 0; left--) {
      const code = this.#code(input);
      stream.counts[code] = input.varint();
    }
    takeSeqs(input, (first, last) => stream.known.add(first, last));
    for (let left = input.varint(); left > 0; left--) {
      const code = this.#code(input);
      const pairs: number[] = [];
      takeSeqs(input, (first, last) => pairs.push(first, last));
      this.#tally.restoreRanged(stream, code, pairs);
    }
    for (let left = input.varint(); left > 0; left--) {
      const index = input.varint();
      this.#tally.restoreChunk(stream, index, takeChunk(input));
    }
    for (let left = input.varint(); left > 0; left--) {
      noteRefusal(stream, input.text(), input.varint());
    }
  }

  #takeState(input: ByteReader): void {
    if (input.u8() === 1) this.state = input.bytes().slice();
  }
}

export function noteRefusal(stream: StreamTally, cause: string, eventCount: number): void {
  stream.refused.set(cause, Math.max(stream.refused.get(cause) ?? 0, eventCount));
}

function putState(out: ByteWriter, state: Uint8Array | null): void {
  out.u8(state === null ? 0 : 1);
  if (state !== null) out.bytes(state);
}

/** As runs, or as a bitmap where that is smaller. */
function putSeqs(out: ByteWriter, pairs: readonly number[]): void {
  const runs = new ByteWriter();
  let next = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const [first, last] = [pairs[i] as number, pairs[i + 1] as number];
    runs.varint(first - next);
    runs.varint(last - first);
    next = last + 1;
  }
  const first = pairs[0] ?? 0;
  const bitCount = next - first;
  const bitmapBytes = Math.ceil(bitCount / 8);
  if (pairs.length === 0 || runs.length <= bitmapBytes + 8) {
    out.u8(FORM.runs);
    out.varint(pairs.length / 2);
    out.raw(runs.written);
    return;
  }
  const bitmap = new Uint8Array(bitmapBytes);
  for (let i = 0; i < pairs.length; i += 2)
    for (let seq = pairs[i] as number; seq <= (pairs[i + 1] as number); seq++) {
      const bit = seq - first;
      bitmap[bit >>> 3] = (bitmap[bit >>> 3] as number) | (1 << (bit & 7));
    }
  out.u8(FORM.bitmap);
  out.varint(first);
  out.bytes(bitmap);
}

function takeSeqs(input: ByteReader, add: (first: number, last: number) => void): void {
  const form = input.u8();
  if (form === FORM.bitmap) {
    const base = input.varint();
    const bitmap = input.bytes();
    let from = -1;
    for (let bit = 0; bit <= bitmap.length * 8; bit++) {
      const isSet = ((bitmap[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
      if (isSet && from < 0) from = bit;
      if (!isSet && from >= 0) {
        add(base + from, base + bit - 1);
        from = -1;
      }
    }
    return;
  }
  if (form !== FORM.runs) throw new MalformedError('a record has numbers in an unknown form');
  let next = 0;
  for (let left = input.varint(); left > 0; left--) {
    const first = next + input.varint();
    const last = first + input.varint();
    add(first, last);
    next = last + 1;
  }
}

/** The bytes of a chunk as runs, or as they are where that is smaller. */
function putChunk(out: ByteWriter, chunk: Uint8Array): void {
  const runs = new ByteWriter();
  let runCount = 0;
  for (let i = 0; i < chunk.length; ) {
    const code = chunk[i] as number;
    let end = i + 1;
    while (end < chunk.length && chunk[end] === code) end++;
    runs.u8(code);
    runs.varint(end - i);
    runCount++;
    i = end;
  }
  if (runs.length >= chunk.length) {
    out.u8(FORM.bitmap);
    out.raw(chunk);
    return;
  }
  out.u8(FORM.runs);
  out.varint(runCount);
  out.raw(runs.written);
}

function takeChunk(input: ByteReader): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(CHUNK_NUMBERS);
  if (input.u8() === FORM.bitmap) {
    chunk.set(input.raw(CHUNK_NUMBERS));
    return chunk;
  }
  let at = 0;
  for (let left = input.varint(); left > 0; left--) {
    const code = input.u8();
    const end = at + input.varint();
    if (end > CHUNK_NUMBERS) throw new MalformedError('a chunk is too long');
    chunk.fill(code, at, end);
    at = end;
  }
  return chunk;
}
