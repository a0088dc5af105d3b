// The metadata section of a frame: who, when, from where, and what became of numbers. FORMAT.md
// "Frame".
import type { Disposition, RequestPart, SequencedBatch, SourceRun } from '@weir/pipeline';
import { LIMITS, WeirError } from '@weir/pipeline';
import { viewOf } from './layout.js';

/** What the metadata section holds, decoded. */
export interface FrameMeta {
  readonly tenant: string;
  readonly stream: string;
  readonly retentionClass: string;
  readonly runs: readonly SourceRun[];
  readonly marks: Uint32Array<ArrayBuffer>;
  readonly requestParts: readonly RequestPart[];
  readonly dispositions: readonly Disposition[];
}

const dispositionKinds = ['', 'filtered', 'lost', 'refused'] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Grows up to the limit; reused for all frames. */
class MetaWriter {
  #bytes = new Uint8Array(16 * 1024);
  #view = viewOf(this.#bytes);
  #length = 0;

  reset(): void {
    this.#length = 0;
  }
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
  u8(value: number): void {
    this.#view.setUint8(this.#room(1), value);
  }
  u16(value: number): void {
    if (value > 0xffff) throw tooLarge(value);
    this.#view.setUint16(this.#room(2), value, true);
  }
  u32(value: number): void {
    this.#view.setUint32(this.#room(4), value, true);
  }
  count(value: number): void {
    this.#view.setBigUint64(this.#room(8), BigInt(value), true);
  }
  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }
  text16(text: string): void {
    const at = this.#room(2);
    const length = this.#text(text);
    if (length > 0xffff) throw tooLarge(length);
    this.#view.setUint16(at, length, true);
  }
  text32(text: string): void {
    const at = this.#room(4);
    this.#view.setUint32(at, this.#text(text), true);
  }

  #text(text: string): number {
    const room = text.length * 3;
    const at = this.#room(room);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at));
    this.#length = at + written;
    return written;
  }

  #room(byteCount: number): number {
    const at = this.#length;
    const end = at + byteCount;
    // Text is given three times its length while it is encoded, hence the slack.
    if (end > LIMITS.frameMetaBytesMax * 4) throw tooLarge(end);
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    this.#length = end;
    return at;
  }
}

function tooLarge(value: number): WeirError {
  return new WeirError(
    'WEIR_SPOOL_IO',
    `frame metadata too large: ${value} bytes, limit is ${LIMITS.frameMetaBytesMax}`,
  );
}

const writer = new MetaWriter();

/**
 * The bytes of the metadata section, valid until the next call. Throws WEIR_SPOOL_IO if they exceed
 * frameMetaBytesMax.
 */
export function encodeMeta(batch: SequencedBatch): Uint8Array {
  writer.reset();
  writer.text16(batch.tenant);
  writer.text16(batch.stream);
  writer.text16(batch.retentionClass);
  encodeRuns(batch.runs);
  writer.u32(batch.marks.length);
  for (const mark of batch.marks) writer.u32(mark);
  writer.u16(batch.requestParts.length);
  for (const part of batch.requestParts) {
    writer.text16(part.key);
    writer.bytes(part.bodySha256.subarray(0, 32));
    writer.u32(part.eventIndexFirst);
    writer.u32(part.eventCount);
    writer.u32(part.itemIndexFirst);
    writer.u32(part.itemCount);
  }
  writer.u16(batch.dispositions.length);
  for (const disposition of batch.dispositions) encodeDisposition(disposition);
  writer.u16(0);
  const bytes = writer.take();
  if (bytes.length > LIMITS.frameMetaBytesMax) throw tooLarge(bytes.length);
  return bytes;
}

function encodeRuns(runs: readonly SourceRun[]): void {
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    let index = indexes.get(text);
    if (index === undefined) {
      index = indexes.size;
      indexes.set(text, index);
    }
    return index;
  };
  for (const run of runs) {
    indexOf(run.source);
    indexOf(run.context);
  }
  writer.u16(indexes.size);
  for (const text of indexes.keys()) writer.text32(text);
  writer.u16(runs.length);
  for (const run of runs) {
    writer.u32(run.eventCount);
    writer.count(run.sourceSeqFirst);
    writer.u16(indexOf(run.source));
    writer.u16(indexOf(run.context));
  }
}

function encodeDisposition(disposition: Disposition): void {
  writer.u8(dispositionKinds.indexOf(disposition.kind));
  writer.u8(0);
  writer.text16(disposition.cause);
  writer.count(disposition.eventCount);
  writer.u32(disposition.seqRanges.length);
  for (const [first, last] of disposition.seqRanges) {
    writer.count(first);
    writer.count(last);
  }
}

class Malformed extends Error {}

/** Every read is checked against the end, so no count in the bytes can cause a large allocation. */
class MetaReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  count(): number {
    const value = Number(this.#view.getBigUint64(this.#take(8), true));
    if (!Number.isSafeInteger(value)) throw new Malformed();
    return value;
  }
  bytes(byteCount: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(byteCount);
    return new Uint8Array(this.#bytes.subarray(at, at + byteCount));
  }
  text(byteCount: number): string {
    const at = this.#take(byteCount);
    return decoder.decode(this.#bytes.subarray(at, at + byteCount));
  }
  /** A number of items of at least `bytesEach`, checked against what is left. */
  items(count: number, bytesEach: number): number {
    if (count * bytesEach > this.#bytes.length - this.#at) throw new Malformed();
    return count;
  }
  #take(byteCount: number): number {
    const at = this.#at;
    if (at + byteCount > this.#bytes.length) throw new Malformed();
    this.#at = at + byteCount;
    return at;
  }
}

/**
 * Null if the bytes are not a metadata section; their CRC was right, so that means a defect of a
 * writer.
 */
export function decodeMeta(bytes: Uint8Array): FrameMeta | null {
  try {
    const reader = new MetaReader(bytes);
    const tenant = reader.text(reader.u16());
    const stream = reader.text(reader.u16());
    const retentionClass = reader.text(reader.u16());
    const runs = decodeRuns(reader);
    const marks = new Uint32Array(reader.items(reader.u32(), 4));
    for (let i = 0; i < marks.length; i++) marks[i] = reader.u32();
    const requestParts = decodeParts(reader);
    const dispositions = decodeDispositions(reader);
    const extensionCount = reader.u16();
    for (let i = 0; i < extensionCount; i++) {
      reader.u32();
      reader.bytes(reader.u32());
    }
    if (!reader.isAtEnd) return null;
    return { tenant, stream, retentionClass, runs, marks, requestParts, dispositions };
  } catch {
    return null;
  }
}

function decodeRuns(reader: MetaReader): SourceRun[] {
  const table: string[] = [];
  const tableCount = reader.items(reader.u16(), 4);
  for (let i = 0; i < tableCount; i++) table.push(reader.text(reader.u32()));
  const text = (index: number): string => {
    const found = table[index];
    if (found === undefined) throw new Malformed();
    return found;
  };
  const runs: SourceRun[] = [];
  const runCount = reader.items(reader.u16(), 16);
  for (let i = 0; i < runCount; i++) {
    const eventCount = reader.u32();
    const sourceSeqFirst = reader.count();
    const source = text(reader.u16());
    runs.push({ eventCount, source, sourceSeqFirst, context: text(reader.u16()) });
  }
  return runs;
}

function decodeParts(reader: MetaReader): RequestPart[] {
  const parts: RequestPart[] = [];
  const partCount = reader.items(reader.u16(), 50);
  for (let i = 0; i < partCount; i++) {
    parts.push({
      key: reader.text(reader.u16()),
      bodySha256: reader.bytes(32),
      eventIndexFirst: reader.u32(),
      eventCount: reader.u32(),
      itemIndexFirst: reader.u32(),
      itemCount: reader.u32(),
    });
  }
  return parts;
}

function decodeDispositions(reader: MetaReader): Disposition[] {
  const dispositions: Disposition[] = [];
  const dispositionCount = reader.items(reader.u16(), 16);
  for (let i = 0; i < dispositionCount; i++) {
    const kind = dispositionKinds[reader.u8()];
    reader.u8();
    if (kind === undefined || kind === '') throw new Malformed();
    // Causes form a closed set in code; an unknown one of a newer version is passed on as it is.
    const cause = reader.text(reader.u16()) as Disposition['cause'];
    const eventCount = reader.count();
    const seqRanges: (readonly [number, number])[] = [];
    const rangeCount = reader.items(reader.u32(), 16);
    for (let r = 0; r < rangeCount; r++) seqRanges.push([reader.count(), reader.count()]);
    dispositions.push({ kind, cause, seqRanges, eventCount });
  }
  return dispositions;
}
