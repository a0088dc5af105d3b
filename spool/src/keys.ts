// Request parts of keyed HTTP requests. They must be known for the idempotency window, longer than
// the segments that held them may live, so each ended segment leaves a sidecar with its own.
import type { Files, SequencedBatch } from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';
import { keysName, SIDECAR_BYTES_MAX } from './layout.js';
import type { JsonObject } from './sidecar.js';
import { bigintOf, decodeSidecar, encodeSidecar, numberOf, textOf } from './sidecar.js';
import { readWhole, removeIfThere, replaceFile } from './small-files.js';

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
    return this.#parts.reverse().sort(order);
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

/** Empty if there is no such file; null if it is damaged. */
export async function loadKeys(
  files: Files,
  directory: string,
  segmentId: number,
): Promise<RecoveredRequestPart[] | null> {
  const path = `${directory}/${keysName(segmentId)}`;
  const bytes = await readWhole(files, path, SIDECAR_BYTES_MAX);
  if (bytes === null) return [];
  const decoded = decodeSidecar(bytes, 'weir-keys', path);
  return decoded === null ? null : decoded.lines.map(partOf);
}

function partOf(line: JsonObject): RecoveredRequestPart {
  return {
    key: textOf(line, 'key'),
    bodySha256: new Uint8Array(Buffer.from(textOf(line, 'bodySha256'), 'hex')),
    tenant: textOf(line, 'tenant'),
    stream: textOf(line, 'stream'),
    epoch: bigintOf(line, 'epoch'),
    seqFirst: numberOf(line, 'seqFirst'),
    eventCount: numberOf(line, 'eventCount'),
    itemIndexFirst: numberOf(line, 'itemIndexFirst'),
    itemCount: numberOf(line, 'itemCount'),
    receivedAtNs: bigintOf(line, 'receivedAtNs'),
  };
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
