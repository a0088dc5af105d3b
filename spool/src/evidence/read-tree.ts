// Looking at the tree and at its frames without touching them, also while the spool is at work.
import type { Files } from '@weir/pipeline';
import { headerSeed } from '../frame-codec.js';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from '../layout.js';
import { SegmentReader } from '../reader.js';
import { openSalvage, type SalvageHandle } from '../salvage.js';
import { readSegmentHeader } from '../segment-files.js';
import { type Hash, type Peaks, sha256 } from './merkle.js';
import { readTreeChain } from './tree-chain.js';
import {
  type SeenCheckpoint,
  type StoredCheckpoint,
  storedOf,
  TREE_NAME,
  type TreeHistory,
} from './tree-files.js';
import { type LeafSeries, PackedLeaves } from './tree-leaves.js';

export interface TreeReading {
  readonly treeNumber: number;
  /** Oldest first, from leaf 0 up to `begin`. */
  readonly history: readonly TreeHistory[];
  /** What stands before the first of `leaves`. */
  readonly begin: Peaks;
  /** Leaf `begin.size + i` of the tree. */
  readonly leaves: LeafSeries;
  /** Oldest first; sizes do not fall. The first behind `begin` has a whole state. */
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Of all files that can be read; 0 for none. */
  readonly newestFileNo: number;
  /** Why the files do not fit together; null if they do. What fits is given. */
  readonly problem: string | null;
}

const ATTEMPTS_MAX = 4;

/**
 * The newest tree of a spool, with all leaves that are not in the history: 48 bytes each. Null if
 * there is none. Hashes are checked, signatures are not. Rejects with WEIR_SPOOL_VERSION, or the
 * system's error.
 */
export async function readTree(files: Files, spoolDirectory: string): Promise<TreeReading | null> {
  const directory = `${spoolDirectory}/${TREE_NAME}`;
  for (let attempt = 1; ; attempt++) {
    const contents = new Map<number, FileContent>();
    const history: TreeHistory[] = [];
    const chain = await readTreeChain(files, directory, {
      file: (fileNo) => {
        const content = new FileContent();
        contents.set(fileNo, content);
        return (checkpoint) => content.add(checkpoint);
      },
      history: (record) => {
        history.push(record);
      },
    });
    // A live spool may have moved a file into the history between two looks.
    if (chain.problem !== null && attempt < ATTEMPTS_MAX) continue;
    const { treeNumber, historyEnd, files: chained, problem } = chain;
    if (treeNumber === 0) return null;
    const living = chained.map(({ fileNo }) => contents.get(fileNo) as FileContent);
    return {
      treeNumber,
      history: history.filter((record) => record.treeNumber === treeNumber),
      begin: chained[0]?.begin ?? historyEnd,
      leaves: new PackedLeaves(living.map((content) => content.packed())),
      checkpoints: living.flatMap(({ checkpoints }) => checkpoints),
      newestFileNo: chain.readable.at(-1)?.fileNo ?? 0,
      problem,
    };
  }
}

/** What of a file counts. */
class FileContent {
  readonly checkpoints: StoredCheckpoint[] = [];
  #leaves: Uint8Array[] = [];

  add(checkpoint: SeenCheckpoint): void {
    this.checkpoints.push(storedOf(checkpoint));
    for (const part of checkpoint.leaves.parts) this.#leaves.push(new Uint8Array(part));
  }

  /** The leaves in one piece. */
  packed(): Uint8Array {
    if (this.#leaves.length !== 1) this.#leaves = [Buffer.concat(this.#leaves)];
    return this.#leaves[0] as Uint8Array;
  }
}

/** A frame that is where the tree says. */
export interface FoundFrame {
  /** Header and metadata. */
  readonly head: Uint8Array;
  readonly payloadHash: Hash;
  /** Head and stored payload, without the padding. */
  readonly bytes: Uint8Array;
}

/** Reads frames by their place. Quick when asked in order. Close it. */
export class FrameFinder {
  readonly #files: Files;
  readonly #directory: string;
  #open: {
    readonly id: number;
    readonly handle: SalvageHandle;
    readonly reader: SegmentReader;
    readonly limit: number;
    offset: number;
    frameNo: number;
  } | null = null;

  constructor(files: Files, spoolDirectory: string) {
    this.#files = files;
    this.#directory = spoolDirectory;
  }

  /** Null if the frame is gone or damaged. Compare the hash of its leaf: it may be a void one. */
  async read(segmentId: number, frameNo: number): Promise<FoundFrame | null> {
    if (this.#open?.id !== segmentId || this.#open.frameNo > frameNo)
      if (!(await this.#enter(segmentId))) return null;
    const open = this.#open;
    if (open === null) return null;
    const { reader, limit } = open;
    while (open.offset < limit) {
      const frame = await reader.read(open.offset, limit, open.frameNo === frameNo);
      const isNew = frame.header !== null && frame.header.frameNo >= open.frameNo;
      if (frame.kind === 'bad' || !isNew) {
        if (isNew && frame.header?.frameNo === frameNo) return null;
        const next = await reader.findNext(open.offset + 8, limit, open.frameNo);
        open.offset = next < 0 ? limit : next;
        continue;
      }
      const { header } = frame;
      if (header.frameNo > frameNo) return null;
      if (header.frameNo < frameNo) {
        open.offset += header.totalBytes;
        open.frameNo = header.frameNo + 1;
        continue;
      }
      const whole = await reader.read(open.offset, limit, true);
      if (whole.kind === 'bad') return null;
      const headBytes = FRAME_HEADER_BYTES + header.metaBytes;
      const bytes = whole.bytes.slice(0, headBytes + header.storedBytes);
      open.offset += header.totalBytes;
      open.frameNo = frameNo + 1;
      const payload = bytes.subarray(headBytes);
      return { head: bytes.subarray(0, headBytes), payloadHash: sha256(payload), bytes };
    }
    return null;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close();
  }

  async #enter(id: number): Promise<boolean> {
    await this.close();
    const path = `${this.#directory}/${segmentName(id)}`;
    const header = await readSegmentHeader(this.#files, path);
    if (header === null) return false;
    const handle = await openSalvage(this.#files, path);
    if (handle === null) return false;
    const limit = (await this.#files.sizeBytes(path)) ?? 0;
    const reader = new SegmentReader(handle, id, headerSeed(header.storeUuid, id));
    this.#open = { id, handle, reader, limit, offset: SEGMENT_HEADER_BYTES, frameNo: 0 };
    return true;
  }
}
