// Request parts of keyed HTTP requests. They must be known for the idempotency window, longer than
// the segments that held them may live, so each ended segment leaves a sidecar with its own.
//
// No stamp and no wall clock decides what is known: within a process the monotonic clock tells how
// old a sidecar is, and over a restart nothing does, so what is there at a start is kept for a
// whole window more. What bounds it is the number of parts and of files, counted from the newest.
import type { Clock, Files, SequencedBatch } from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';
import { KEY_FILES_MAX, keysName, SIDECAR_BYTES_MAX } from './layout.js';
import { openSalvage } from './salvage.js';
import type { JsonObject } from './sidecar.js';
import {
  bigintOf,
  encodeSidecar,
  isOtherVersionByHead,
  mapSidecar,
  numberOf,
  textOf,
} from './sidecar.js';
import { ReadMemory, readWhole, removeIfThere, replaceFile } from './small-files.js';

/** Part of a keyed request that is durable, with the numbers it got. */
export interface RecoveredRequestPart {
  readonly key: string;
  readonly bodySha256: Uint8Array;
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  /** Number of the part's first event. */
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly itemIndexFirst: number;
  readonly itemCount: number;
  readonly receivedAtNs: bigint;
}

type PartSource = Pick<
  SequencedBatch,
  'tenant' | 'stream' | 'epoch' | 'seqFirst' | 'receivedAtNs' | 'requestParts'
>;

export function requestPartsOf(batch: PartSource): RecoveredRequestPart[] {
  const { tenant, stream, epoch, receivedAtNs } = batch;
  return batch.requestParts.map((part) => ({
    key: part.key,
    bodySha256: part.bodySha256,
    tenant,
    stream,
    epoch,
    seqFirst: batch.seqFirst + part.eventIndexFirst,
    eventCount: part.eventCount,
    itemIndexFirst: part.itemIndexFirst,
    itemCount: part.itemCount,
    receivedAtNs,
  }));
}

/** Appends without a spread: its arguments would be on the stack, however many they are. */
export function appendParts(
  target: RecoveredRequestPart[],
  parts: Iterable<RecoveredRequestPart>,
): void {
  for (const part of parts) target.push(part);
}

/**
 * Parts of several segments, at most `countMax`. Segments are given the newest first, and what
 * exceeds the limit is not kept.
 */
export class NewestParts {
  readonly #parts: RecoveredRequestPart[] = [];
  constructor(readonly countMax: number) {}

  add(parts: readonly RecoveredRequestPart[]): void {
    // Within a segment the newest are at the end.
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i];
      if (this.#parts.length >= this.countMax) return;
      if (part !== undefined) this.#parts.push(part);
    }
  }

  /** In the order of the log. */
  list(): RecoveredRequestPart[] {
    return this.#parts.toReversed();
  }
}

export async function storeKeys(
  files: Files,
  directory: string,
  segmentId: number,
  parts: readonly RecoveredRequestPart[],
): Promise<void> {
  const encoded = encodeSidecar('weir-keys', { segmentId }, linesOf(parts));
  await replaceFile(files, directory, keysName(segmentId), encoded);
}

function* linesOf(parts: readonly RecoveredRequestPart[]): Generator<JsonObject, void> {
  for (const part of parts)
    yield {
      ...part,
      bodySha256: Buffer.from(part.bodySha256).toString('hex'),
      epoch: part.epoch.toString(),
      receivedAtNs: part.receivedAtNs.toString(),
    };
}

/** Empty if there is no such file; null if it is damaged. `memory` is for a next one again. */
export async function loadKeys(
  files: Files,
  directory: string,
  segmentId: number,
  memory: ReadMemory = new ReadMemory(),
): Promise<RecoveredRequestPart[] | null> {
  const path = `${directory}/${keysName(segmentId)}`;
  const bytes = await readWhole(files, path, SIDECAR_BYTES_MAX, memory);
  if (bytes === null) return [];
  return mapSidecar(bytes, 'weir-keys', path, new PartMaker().make)?.lines ?? null;
}

const headBytes = 4096;

/** Of a sidecar that is not read. Throws WEIR_SPOOL_VERSION if it is intact and of another one. */
export async function requireKeysVersion(
  files: Files,
  directory: string,
  segmentId: number,
): Promise<void> {
  const handle = await openSalvage(files, `${directory}/${keysName(segmentId)}`);
  if (handle === null) return;
  try {
    const first = new Uint8Array(headBytes);
    const byteCount = await handle.read(first, 0);
    // Or it is rotten: only the CRC of the whole file tells.
    if (isOtherVersionByHead(first.subarray(0, byteCount), 'weir-keys'))
      await loadKeys(files, directory, segmentId);
  } finally {
    await handle.close();
  }
}

/** Hashes of many parts in one piece of memory: an array of its own for each would cost thrice. */
class StoredPart implements RecoveredRequestPart {
  constructor(
    readonly key: string,
    readonly tenant: string,
    readonly stream: string,
    readonly epoch: bigint,
    readonly seqFirst: number,
    readonly eventCount: number,
    readonly itemIndexFirst: number,
    readonly itemCount: number,
    readonly receivedAtNs: bigint,
    readonly hashes: Buffer,
    readonly hashAt: number,
  ) {}

  get bodySha256(): Uint8Array {
    return new Uint8Array(this.hashes.subarray(this.hashAt, this.hashAt + hashBytes));
  }
}

const hashBytes = 32;
const hashesPerPiece = 1024;

class LastBigint {
  #text = '';
  #value = 0n;
  of(line: JsonObject, name: string): bigint {
    const text = textOf(line, name);
    if (text !== this.#text) this.#value = bigintOf(line, name);
    this.#text = text;
    return this.#value;
  }
}

/** Parts of one file share what is the same in many of them: there may be 65,536. */
class PartMaker {
  readonly #texts = new Map<string, string>();
  #hashes = Buffer.alloc(0);
  #hashesUsed = 0;
  /** Parts of one batch have both in common. */
  readonly #epoch = new LastBigint();
  readonly #receivedAtNs = new LastBigint();

  readonly make = (line: JsonObject): RecoveredRequestPart => {
    const epoch = this.#epoch.of(line, 'epoch');
    const receivedAtNs = this.#receivedAtNs.of(line, 'receivedAtNs');
    return new StoredPart(
      textOf(line, 'key'),
      this.#shared(textOf(line, 'tenant')),
      this.#shared(textOf(line, 'stream')),
      epoch,
      numberOf(line, 'seqFirst'),
      numberOf(line, 'eventCount'),
      numberOf(line, 'itemIndexFirst'),
      numberOf(line, 'itemCount'),
      receivedAtNs,
      ...this.#hashOf(textOf(line, 'bodySha256')),
    );
  };

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }

  #hashOf(hex: string): [hashes: Buffer, at: number] {
    if (this.#hashesUsed + hashBytes > this.#hashes.length) {
      this.#hashes = Buffer.alloc(hashBytes * hashesPerPiece);
      this.#hashesUsed = 0;
    }
    const at = this.#hashesUsed;
    this.#hashesUsed += hashBytes;
    this.#hashes.write(hex, at, hashBytes, 'hex');
    return [this.#hashes, at];
  }
}

interface KeyFile {
  /** By the monotonic clock: when it was written, or found by a start. */
  readonly sinceMs: number;
  /** Parts that a start reads from it: 0 while it was not read, or is damaged. */
  readonly partCount: number;
}

/** Which sidecars there are, and since when. */
export class KeyFiles {
  readonly #known = new Map<number, KeyFile>();
  constructor(
    readonly files: Files,
    readonly directory: string,
    readonly clock: Clock,
    readonly fileCountMax: number = KEY_FILES_MAX,
  ) {}

  async store(segmentId: number, parts: readonly RecoveredRequestPart[]): Promise<void> {
    if (parts.length === 0) return;
    await storeKeys(this.files, this.directory, segmentId, parts);
    this.note(segmentId, parts.length);
  }
  note(segmentId: number, partCount: number): void {
    this.#known.set(segmentId, { sinceMs: this.clock.monotonicMs(), partCount });
  }

  /**
   * Deletes what nothing can ask for any more: it was there for a whole window of this process, or
   * newer ones alone have as many parts, or are as many files, as a start takes.
   */
  async removeExpired(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    let newerCount = 0;
    let newerFileCount = 0;
    for (const segmentId of [...this.#known.keys()].sort((a, b) => b - a)) {
      const { sinceMs, partCount } = this.#known.get(segmentId) as KeyFile;
      const isNeeded =
        nowMs - sinceMs <= LIMITS.idempotencyWindowMs &&
        newerCount < LIMITS.idempotencyKeysMax &&
        newerFileCount++ < this.fileCountMax;
      newerCount += partCount;
      if (isNeeded) continue;
      await removeIfThere(this.files, `${this.directory}/${keysName(segmentId)}`);
      this.#known.delete(segmentId);
    }
  }
}
