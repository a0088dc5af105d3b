// The highest number issued per (tenant, stream, epoch). Outlives the segments, so that verify can
// tell a number that was never given from one that is missing.
import type { Files } from '@weir/pipeline';
import type { StreamEpoch } from './layout.js';
import { EPOCHS_NAME, SIDECAR_BYTES_MAX, streamKey } from './layout.js';
import type { JsonObject } from './sidecar.js';
import { bigintOf, decodeSidecar, encodeSidecar, numberOf, textOf } from './sidecar.js';
import { readWhole, replaceFile } from './small-files.js';

export interface EpochEntry extends StreamEpoch {
  /** -1 for none. */
  lastSeq: number;
  /** True once the epoch can issue no more: epoch e ended at seq n. */
  ended: boolean;
}

export interface EpochsHead {
  readonly storeUuid: string;
  readonly nextSegmentId: number;
  readonly epochCounter: number;
}

/** Entries in memory; one a (tenant, stream, epoch). */
export class EpochTable {
  readonly #entries = new Map<string, EpochEntry>();

  get(id: StreamEpoch): EpochEntry | undefined {
    return this.#entries.get(streamKey(id));
  }
  values(): IterableIterator<EpochEntry> {
    return this.#entries.values();
  }
  /** Only ever raises. */
  note(id: StreamEpoch, lastSeq: number): void {
    const key = streamKey(id);
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.lastSeq = Math.max(entry.lastSeq, lastSeq);
    else {
      const { tenant, stream, epoch } = id;
      this.#entries.set(key, { tenant, stream, epoch, lastSeq, ended: false });
    }
  }
  /** Marks every epoch as ended; returns those that were not yet. */
  endAll(): EpochEntry[] {
    const ended = [...this.#entries.values()].filter((entry) => !entry.ended);
    for (const entry of ended) entry.ended = true;
    return ended;
  }
}

export async function storeEpochs(
  files: Files,
  directory: string,
  table: EpochTable,
  head: EpochsHead,
): Promise<void> {
  const lines: JsonObject[] = [];
  for (const { tenant, stream, epoch, lastSeq, ended } of table.values())
    lines.push({ tenant, stream, epoch: epoch.toString(), lastSeq, ended });
  const { storeUuid: store, nextSegmentId, epochCounter } = head;
  const bytes = encodeSidecar('weir-epochs', { store, nextSegmentId, epochCounter }, lines);
  // At once: the table goes on changing while the file is written.
  await replaceFile(files, directory, EPOCHS_NAME, [Buffer.concat([...bytes])]);
}

/** `head` is null when there is no file or it is damaged; `isDamaged` tells which. */
export async function loadEpochs(
  files: Files,
  directory: string,
): Promise<{ table: EpochTable; head: EpochsHead | null; isDamaged: boolean }> {
  const table = new EpochTable();
  const path = `${directory}/${EPOCHS_NAME}`;
  const bytes = await readWhole(files, path, SIDECAR_BYTES_MAX);
  const decoded = bytes === null ? null : decodeSidecar(bytes, 'weir-epochs', path);
  if (decoded === null) return { table, head: null, isDamaged: bytes !== null };
  for (const line of decoded.lines) {
    const id = {
      tenant: textOf(line, 'tenant'),
      stream: textOf(line, 'stream'),
      epoch: bigintOf(line, 'epoch'),
    };
    table.note(id, numberOf(line, 'lastSeq'));
    const entry = table.get(id);
    if (entry !== undefined) entry.ended = line.ended === true;
  }
  const head = {
    storeUuid: textOf(decoded.head, 'store'),
    nextSegmentId: numberOf(decoded.head, 'nextSegmentId'),
    epochCounter: numberOf(decoded.head, 'epochCounter'),
  };
  return { table, head, isDamaged: false };
}
