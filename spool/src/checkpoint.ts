// Two-slot files: the writer's state and the frontiers of consumers. FORMAT.md "Slots".
import { crc32c } from '@node-rs/crc32';
import type { FileHandle, Files } from '@weir/pipeline';
import { isPlanted } from '@weir/pipeline';
import {
  FORMAT_VERSION,
  getCount,
  hasAscii,
  putAscii,
  putCount,
  QUARANTINE_NAME,
  SLOT_BYTES,
  SLOT_MAGIC,
  versionError,
  viewOf,
} from './layout.js';
import { readWhole, readWholeFile, replaceFile, Serial } from './small-files.js';

export const SLOT_KIND = { writer: 1, consumer: 2 } as const;
export type SlotKind = (typeof SLOT_KIND)[keyof typeof SLOT_KIND];

/** The fields of both kinds: u64 behind the store's uuid; a fifth and sixth has the writer only. */
export interface SlotValues {
  readonly storeUuid: Uint8Array;
  readonly words: readonly [bigint, bigint, bigint, bigint, bigint?, bigint?];
}
interface Slot extends SlotValues {
  readonly generation: number;
}

function encodeSlot(kind: SlotKind, slot: Slot): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, SLOT_MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, kind, true);
  putCount(view, 16, slot.generation);
  bytes.set(slot.storeUuid, 24);
  for (const [i, word] of slot.words.entries()) view.setBigUint64(40 + i * 8, word ?? 0n, true);
  view.setUint32(508, crc32c(bytes.subarray(0, 508)), true);
  return bytes;
}

function decodeSlot(bytes: Uint8Array, kind: SlotKind, file: string): Slot | null {
  if (bytes.length < SLOT_BYTES || !hasAscii(bytes, 0, SLOT_MAGIC)) return null;
  const view = viewOf(bytes);
  if (crc32c(bytes.subarray(0, 508)) !== view.getUint32(508, true)) return null;
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION) throw versionError(file, version);
  if (view.getUint16(10, true) !== kind) return null;
  const word = (i: number): bigint => view.getBigUint64(40 + i * 8, true);
  return {
    generation: getCount(view, 16),
    storeUuid: bytes.slice(24, 40),
    words: [word(0), word(1), word(2), word(3), word(4), word(5)],
  };
}

export interface LoadedSlots {
  readonly exists: boolean;
  readonly slot: (SlotValues & { readonly generation: number }) | null;
  /** No slot could be read, which is not to say that they are rotten. */
  readonly isUnread?: boolean;
}

/** Where a two-slot file is. */
export interface SlotPlace {
  readonly directory: string;
  readonly name: string;
  readonly kind: SlotKind;
  /** Name in quarantine/ for a file that is replaced and could not be read. */
  readonly keepAs?: string;
}

/** Reads only. Throws WEIR_SPOOL_VERSION for an intact slot of another version. */
export async function loadSlots(files: Files, path: string, kind: SlotKind): Promise<LoadedSlots> {
  const whole = await readWholeFile(files, path, 1024 * 1024);
  if (whole === null) return { exists: false, slot: null };
  const { bytes, isUnread } = whole;
  let best: Slot | null = null;
  for (const at of [0, SLOT_BYTES]) {
    const slot = decodeSlot(bytes.subarray(at, at + SLOT_BYTES), kind, path);
    if (slot !== null && (best === null || slot.generation > best.generation)) best = slot;
  }
  return { exists: true, slot: best, isUnread: isUnread && best === null };
}

/** How many slots check, and how many hold something that does not. */
export async function countGoodSlots(
  files: Files,
  path: string,
  kind: SlotKind,
): Promise<{ readonly goodCount: number; readonly damagedCount: number }> {
  const bytes = (await readWhole(files, path, 1024 * 1024)) ?? new Uint8Array(0);
  let goodCount = 0;
  let damagedCount = 0;
  for (const at of [0, SLOT_BYTES]) {
    const slot = bytes.subarray(at, at + SLOT_BYTES);
    if (decodeSlot(slot, kind, path) !== null) goodCount++;
    else if (slot.length < SLOT_BYTES || slot.some((byte) => byte !== 0)) damagedCount++;
  }
  return { goodCount, damagedCount };
}

/**
 * A two-slot file that is open for writing. Writes are serialised; each is durable when it
 * resolves.
 */
export class SlotFile {
  readonly #files: Files;
  readonly #directory: string;
  readonly #name: string;
  readonly #kind: SlotKind;
  readonly #serial = new Serial();
  #handle: FileHandle | null = null;
  #generation: number;
  #isWhole: boolean;
  /** Where the file goes that could not be read, until it is there; null for none. */
  #keepAs: string | null;

  constructor(files: Files, place: SlotPlace, loaded: LoadedSlots) {
    this.#files = files;
    this.#directory = place.directory;
    this.#name = place.name;
    this.#kind = place.kind;
    this.#generation = loaded.slot?.generation ?? 0;
    // A missing or wholly damaged file is made anew; a half good one is only written in its older
    // slot.
    this.#isWhole = loaded.slot !== null;
    this.#keepAs = loaded.isUnread === true ? (place.keepAs ?? null) : null;
  }

  /** Durable when it resolves. Calls are written in order. Rejects with the system's error. */
  store(values: SlotValues): Promise<void> {
    return this.#serial.run(() => this.#store(values));
  }

  close(): Promise<void> {
    return this.#serial.run(async () => {
      const handle = this.#handle;
      this.#handle = null;
      await handle?.close();
    });
  }

  async #store(values: SlotValues): Promise<void> {
    const generation = this.#generation + 1;
    const bytes = encodeSlot(this.#kind, { ...values, generation });
    if (this.#isWhole) {
      try {
        this.#handle ??= await this.#files.open(`${this.#directory}/${this.#name}`, 'write');
        const slot = isPlanted('slot_overwrites_newest') ? 1 : generation % 2;
        await this.#handle.write([bytes], slot * SLOT_BYTES);
        if (this.#kind === SLOT_KIND.writer || !isPlanted('frontier_not_synced'))
          await this.#handle.datasync();
        this.#generation = generation;
        return;
      } catch {
        // After a failed write or sync the descriptor tells nothing any more: once more, in a new
        // file.
        await this.#handle?.close();
        this.#handle = null;
      }
    }
    const whole = new Uint8Array(SLOT_BYTES * 2);
    whole.set(bytes, (generation % 2) * SLOT_BYTES);
    await this.#keepUnread();
    await replaceFile(this.#files, this.#directory, this.#name, [whole]);
    this.#generation = generation;
    this.#isWhole = true;
  }

  async #keepUnread(): Promise<void> {
    if (this.#keepAs === null) return;
    const directory = `${this.#directory}/${QUARANTINE_NAME}`;
    await this.#files.rename(`${this.#directory}/${this.#name}`, `${directory}/${this.#keepAs}`);
    this.#keepAs = null;
  }
}
