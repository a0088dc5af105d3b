// The file `epochs`. One that cannot be read is not replaced: it is put aside under a name of its
// own, and what it says is taken in by the first start that can read it. FORMAT.md "epochs and
// keys".
import type { Files } from '@weir/pipeline';
import { isPlanted } from '@weir/pipeline';
import { EpochTable } from './epochs.js';
import {
  EPOCHS_NAME,
  epochsAsideName,
  parseEpochsAsideName,
  QUARANTINE_NAME,
  SIDECAR_BYTES_MAX,
} from './layout.js';
import type { JsonObject } from './sidecar.js';
import { bigintOf, decodeSidecar, encodeSidecar, numberOf, textOf } from './sidecar.js';
import { readWholeFile, removeIfThere, replaceFile } from './small-files.js';

export interface EpochsHead {
  readonly storeUuid: string;
  readonly nextSegmentId: number;
  readonly epochCounter: number;
}

/** What `epochs` says, and what was put aside. */
export interface LoadedEpochs {
  readonly table: EpochTable;
  /** Null when no file says it. */
  readonly head: EpochsHead | null;
  /**
   * `epochs` is damaged or cannot be read, or is gone and what was put aside is of no use: the table
   * may know too little of the segments. A good `epochs` names all that was there when it was
   * made, so beside it files put aside tell of deleted segments alone.
   */
  readonly isDamaged: boolean;
  /** Names of files that cannot be read now: `epochs` itself, and what was put aside. */
  readonly unread: readonly string[];
  /** Names of files put aside that the table holds now. */
  readonly taken: readonly string[];
  /** Names of files put aside that can be read and are rotten. */
  readonly rotten: readonly string[];
}

/** Reads only. Throws WEIR_SPOOL_VERSION. */
export async function loadEpochs(files: Files, directory: string): Promise<LoadedEpochs> {
  const table = new EpochTable();
  let head: EpochsHead | null = null;
  let state: 'good' | 'gone' | 'damaged' = 'gone';
  const unread: string[] = [];
  const taken: string[] = [];
  const rotten: string[] = [];
  for (const name of [EPOCHS_NAME, ...(await namesAside(files, directory))]) {
    const path = `${directory}/${name}`;
    const whole = await readWholeFile(files, path, SIDECAR_BYTES_MAX);
    if (whole === null) continue;
    const decoded = decodeSidecar(whole.bytes, 'weir-epochs', path);
    const isAside = name !== EPOCHS_NAME;
    if (!isAside) state = decoded === null ? 'damaged' : 'good';
    if (decoded === null) {
      if (whole.isUnread) unread.push(name);
      else if (isAside) rotten.push(name);
      continue;
    }
    for (const line of decoded.lines) table.load(idOf(line), line);
    head = newerOf(head, headOf(decoded.head));
    if (isAside) taken.push(name);
  }
  const isUseless = state === 'gone' && rotten.length + unread.length > 0;
  const isDamaged = state === 'damaged' || isUseless;
  return { table, head, isDamaged, unread, taken, rotten };
}

async function namesAside(files: Files, directory: string): Promise<string[]> {
  // No directory, or none that tells: then nothing was put aside.
  const names = await files.readDir(directory).catch((): string[] => []);
  return names.filter((name) => parseEpochsAsideName(name) !== null).sort();
}

const idOf = (line: JsonObject): { tenant: string; stream: string; epoch: bigint } => ({
  tenant: textOf(line, 'tenant'),
  stream: textOf(line, 'stream'),
  epoch: bigintOf(line, 'epoch'),
});

const headOf = (head: JsonObject): EpochsHead => ({
  storeUuid: textOf(head, 'store'),
  nextSegmentId: numberOf(head, 'nextSegmentId'),
  epochCounter: numberOf(head, 'epochCounter'),
});

function newerOf(one: EpochsHead | null, other: EpochsHead): EpochsHead {
  if (one === null) return other;
  return {
    storeUuid: one.storeUuid,
    nextSegmentId: Math.max(one.nextSegmentId, other.nextSegmentId),
    epochCounter: Math.max(one.epochCounter, other.epochCounter),
  };
}

/** Where the table is made durable. Not for calls at the same time. */
export class EpochsFile {
  readonly #files: Files;
  readonly #directory: string;
  #isUnread: boolean;
  #taken: readonly string[];
  #rotten: readonly string[];

  constructor(files: Files, directory: string, loaded: LoadedEpochs) {
    this.#files = files;
    this.#directory = directory;
    this.#isUnread = loaded.unread.includes(EPOCHS_NAME) && !isPlanted('unreadable_is_rotten');
    this.#taken = loaded.taken;
    this.#rotten = loaded.rotten;
  }

  /** Durable when it resolves. Rejects with the system's error. */
  async store(table: EpochTable, head: EpochsHead): Promise<void> {
    const { storeUuid: store, nextSegmentId, epochCounter } = head;
    const lines = linesOf(table);
    const bytes = encodeSidecar('weir-epochs', { store, nextSegmentId, epochCounter }, lines);
    // At once: the table goes on changing while the file is written.
    const whole = Buffer.concat([...bytes]);
    if (this.#isUnread) await this.#putAside(epochCounter);
    await replaceFile(this.#files, this.#directory, EPOCHS_NAME, [whole]);
    await this.#tidy();
  }

  /** The counter of this process makes the name one that no other file has. */
  async #putAside(epochCounter: number): Promise<void> {
    const path = `${this.#directory}/${EPOCHS_NAME}`;
    await this.#files.rename(path, `${this.#directory}/${epochsAsideName(epochCounter)}`);
    await this.#files.syncDir(this.#directory);
    this.#isUnread = false;
  }

  /** Files put aside of which `epochs` now knows all, or of which nothing can be known. */
  async #tidy(): Promise<void> {
    const directory = this.#directory;
    for (const name of this.#taken)
      await removeIfThere(this.#files, `${directory}/${name}`).catch(() => false);
    for (const name of this.#rotten)
      await this.#files
        .rename(`${directory}/${name}`, `${directory}/${QUARANTINE_NAME}/${name}`)
        .catch(() => undefined);
    this.#taken = [];
    this.#rotten = [];
  }
}

function linesOf(table: EpochTable): JsonObject[] {
  const lines: JsonObject[] = [];
  for (const { tenant, stream, epoch, lastSeq, ended, foreign } of table.values()) {
    const line = { tenant, stream, epoch: epoch.toString(), lastSeq, ended };
    if (foreign === null) lines.push(line);
    else {
      const { received, declared } = foreign;
      lines.push({ ...line, received: received.ranges, declared: declared.ranges });
    }
  }
  return lines;
}
