// Request parts of keyed HTTP requests. They must be known for the idempotency window, longer than
// the segments that held them may live, so each ended segment leaves a sidecar with its own.
import type { Files, SequencedBatch } from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';
import { keysName, SIDECAR_BYTES_MAX } from './layout.js';
import { openSalvage } from './salvage.js';
import type { JsonObject } from './sidecar.js';
import {
  bigintOf,
  decodeSidecarEnds,
  encodeSidecar,
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

export const windowNs = BigInt(LIMITS.idempotencyWindowMs) * 1_000_000n;

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
 * Parts of several segments within the window, at most `countMax`. Segments are given the newest
 * first, and what exceeds the limit is not kept.
 */
export class LivingParts {
  readonly #parts: RecoveredRequestPart[] = [];
  constructor(
    readonly nowNs: bigint,
    readonly countMax: number,
  ) {}

  add(parts: readonly RecoveredRequestPart[]): void {
    // Within a segment the newest are at the end.
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i];
      if (this.#parts.length >= this.countMax) return;
      if (part !== undefined && part.receivedAtNs + windowNs > this.nowNs) this.#parts.push(part);
    }
  }

  /** Oldest first. */
  list(): RecoveredRequestPart[] {
    const order = (a: RecoveredRequestPart, b: RecoveredRequestPart): number =>
      a.receivedAtNs === b.receivedAtNs ? 0 : a.receivedAtNs < b.receivedAtNs ? -1 : 1;
    const parts = this.#parts.reverse();
    // They nearly always are in order already.
    let last: RecoveredRequestPart | undefined;
    for (const part of parts) {
      if (last !== undefined && last.receivedAtNs > part.receivedAtNs) return parts.sort(order);
      last = part;
    }
    return parts;
  }
}

/** Newest stamp of the parts; 0 for none. */
export function newestOf(parts: readonly RecoveredRequestPart[]): bigint {
  let newest = 0n;
  for (const part of parts) if (part.receivedAtNs > newest) newest = part.receivedAtNs;
  return newest;
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

const endBytes = 4096;

/**
 * Newest stamp of a sidecar, from its last line alone: parts stand in the order of their frames.
 * Null if it does not tell. Throws WEIR_SPOOL_VERSION.
 */
export async function newestStampOf(
  files: Files,
  directory: string,
  segmentId: number,
): Promise<bigint | null> {
  const path = `${directory}/${keysName(segmentId)}`;
  const handle = await openSalvage(files, path);
  if (handle === null) return null;
  try {
    const size = (await files.sizeBytes(path)) ?? 0;
    const first = new Uint8Array(Math.min(size, endBytes));
    const last = new Uint8Array(first.length);
    await handle.read(first, 0);
    await handle.read(last, size - last.length);
    const { lastLine, isOtherVersion } = decodeSidecarEnds(first, last, 'weir-keys');
    if (isOtherVersion) {
      const parts = await loadKeys(files, directory, segmentId);
      return parts === null ? null : newestOf(parts);
    }
    return lastLine === null || lastLine.key === undefined
      ? null
      : bigintOf(lastLine, 'receivedAtNs');
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

/** Which sidecars there are, and how old their newest part is. */
export class KeyFiles {
  readonly #newest = new Map<number, bigint>();
  constructor(
    readonly files: Files,
    readonly directory: string,
  ) {}

  async store(segmentId: number, parts: readonly RecoveredRequestPart[]): Promise<void> {
    if (parts.length === 0) return;
    await storeKeys(this.files, this.directory, segmentId, parts);
    this.note(segmentId, newestOf(parts));
  }
  note(segmentId: number, newestNs: bigint): void {
    this.#newest.set(segmentId, newestNs);
  }

  /** Deletes what no window can ask for any more. */
  async removeExpired(nowNs: bigint): Promise<void> {
    for (const [segmentId, newestNs] of this.#newest) {
      if (newestNs + windowNs > nowNs) continue;
      this.#newest.delete(segmentId);
      await removeIfThere(this.files, `${this.directory}/${keysName(segmentId)}`);
    }
  }
}
