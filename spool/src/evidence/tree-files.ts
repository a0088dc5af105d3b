// Files of the tree: what a record says, and reading a file back. EVIDENCE.md "Files of the tree".
import type { Files } from '@weir/pipeline';
import { getCount, putCount, viewOf } from '../layout.js';
import { RecordFileReader } from '../record-file.js';
import { fileNumbers } from '../small-files.js';
import { type CheckpointText, parseCheckpointText, stateHashOf } from './checkpoint-note.js';
import { equalHashes, HASH_BYTES, type Hash, Peaks } from './merkle.js';
import { fromBase64, splitNote, toBase64 } from './note.js';
import { hashesOf, LEAF_BYTES, PackedLeaves, putLeaf, type TreeLeaf } from './tree-leaves.js';

export const TREE_MAGIC = 'WEIRTREE';
export const TREE_NAME = 'tree';
export const HISTORY_NAME = 'history';
/** The file number in the header of `history`. */
export const HISTORY_FILE_NO = 0;
const FILE_BYTES_MAX = 1024 * 1024 * 1024;
const RECORD = { begin: 1, checkpoint: 2, history: 3 } as const;

const namePattern = /^log-([0-9a-f]{16})$/;
export const treeLogName = (fileNo: number): string =>
  `log-${fileNo.toString(16).padStart(16, '0')}`;

/** Numbers of the tree's files in a directory, ascending; none if it does not exist. */
export const treeLogNumbers = (files: Files, directory: string): Promise<number[]> =>
  fileNumbers(files, directory, namePattern);

/** A checkpoint as it is stored, without its leaves. */
export interface StoredCheckpoint {
  /** What the note says; its signature was not checked here. */
  readonly says: CheckpointText;
  readonly note: string;
  readonly state: string;
  /** The last frame hashed, and the offset behind it; zeros for none. */
  readonly segmentId: number;
  readonly frameNo: number;
  readonly nextOffset: number;
}

/** One to be written. */
export interface NewCheckpoint extends Omit<StoredCheckpoint, 'says'> {
  /** Since the checkpoint before it in the file. */
  readonly leaves: readonly TreeLeaf[];
}

/** One that is being read: state and leaves are valid during the visit. */
export interface SeenCheckpoint extends Omit<StoredCheckpoint, 'state'> {
  /** UTF-8. */
  readonly state: Uint8Array;
  /** Since the checkpoint before it in the file. */
  readonly leaves: PackedLeaves;
}

export const storedOf = (seen: SeenCheckpoint): StoredCheckpoint => {
  const { says, note, segmentId, frameNo, nextOffset } = seen;
  return { says, note, state: textOf(seen.state), segmentId, frameNo, nextOffset };
};

/** All that is left of a file whose frames are deleted. */
export interface TreeHistory {
  readonly treeNumber: number;
  readonly from: number;
  readonly to: number;
  /** Of the span [from, to). */
  readonly nodes: readonly Hash[];
  readonly note: string;
  readonly state: string;
}

export function encodeBegin(treeNumber: number, peaks: Peaks): Uint8Array {
  const { size, hashes } = peaks;
  const json = JSON.stringify({ tree: treeNumber, size, peaks: hashes.map(toBase64) });
  return bodyOf(RECORD.begin, Buffer.from(json));
}

export function encodeHistory(history: Omit<TreeHistory, 'treeNumber'>): Uint8Array {
  const { from, to, nodes, note, state } = history;
  const json = JSON.stringify({ from, to, nodes: nodes.map(toBase64), note, state });
  return bodyOf(RECORD.history, Buffer.from(json));
}

export function encodeCheckpoint(checkpoint: NewCheckpoint): Uint8Array {
  const note = Buffer.from(checkpoint.note);
  const state = Buffer.from(checkpoint.state);
  const { leaves } = checkpoint;
  const bytes = new Uint8Array(9 + note.length + state.length + 28 + leaves.length * LEAF_BYTES);
  const view = viewOf(bytes);
  bytes[0] = RECORD.checkpoint;
  let at = 1;
  for (const part of [note, state]) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  putCount(view, at, checkpoint.segmentId);
  putCount(view, at + 8, checkpoint.frameNo);
  putCount(view, at + 16, checkpoint.nextOffset);
  view.setUint32(at + 24, leaves.length, true);
  at += 28;
  for (const leaf of leaves) {
    putLeaf(view, at, leaf);
    at += LEAF_BYTES;
  }
  return bytes;
}

function bodyOf(type: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + content.length);
  bytes[0] = type;
  bytes.set(content, 1);
  return bytes;
}

/** What a file that could be read is, up to the first record that does not match. */
export interface TreeFile {
  readonly fileNo: number;
  readonly treeNumber: number;
  readonly begin: Peaks;
  /** Peaks behind the last checkpoint. */
  readonly end: Peaks;
  readonly checkpointCount: number;
  /** The newest segment that a leaf is in; 0 for none. */
  readonly segmentIdMax: number;
  /** Behind the last record that matches: one is being written, was cut short, or is damaged. */
  readonly tornBytes: number;
  /**
   * A record that matches stands behind one that does not, or roots differ: damage for sure, if
   * all of it could be read.
   */
  readonly isDamaged: boolean;
  /** A place was met that cannot be read now. */
  readonly isUnread: boolean;
}

/** Called for each checkpoint in order; `peaks` are those behind it, and change no more. */
export type CheckpointVisit = (checkpoint: SeenCheckpoint, peaks: Peaks) => void;

/**
 * Reads a file through, a window at a time. Null for one that is gone, or whose header or begin is
 * damaged; 'unread' if those cannot be read now. Roots and hashes of states are checked, signatures
 * are not. Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function walkTreeFile(
  files: Files,
  directory: string,
  fileNo: number,
  visit: CheckpointVisit | null,
): Promise<TreeFile | 'unread' | null> {
  const opened = await openTreeFile(files, directory, fileNo);
  if (opened === null || opened === 'unread') return opened;
  const { reader, treeNumber, begin } = opened;
  try {
    let end = begin.copy();
    let isDamaged = false;
    let [checkpointCount, segmentIdMax, endOffset] = [0, 0, reader.endOffset];
    for (;;) {
      const body = await reader.next();
      if (body === null) break;
      const checkpoint = decodeCheckpoint(body);
      const next = end.copy();
      if (checkpoint !== null) appendAll(next, checkpoint.leaves);
      if (checkpoint === null || !isThatOf(checkpoint, treeNumber, next)) {
        isDamaged = true;
        break;
      }
      end = next;
      checkpointCount++;
      segmentIdMax = Math.max(segmentIdMax, checkpoint.leaves.segmentIdMax());
      endOffset = reader.endOffset;
      visit?.(checkpoint, end);
    }
    isDamaged ||= await reader.isHoled();
    const tornBytes = reader.sizeBytes - endOffset;
    const { isUnread } = reader;
    const found = { checkpointCount, segmentIdMax, tornBytes, isDamaged, isUnread };
    return { fileNo, treeNumber, begin, end, ...found };
  } finally {
    await reader.close();
  }
}

async function openTreeFile(
  files: Files,
  directory: string,
  fileNo: number,
): Promise<{ reader: RecordFileReader; treeNumber: number; begin: Peaks } | 'unread' | null> {
  const path = `${directory}/${treeLogName(fileNo)}`;
  const how = { magic: TREE_MAGIC, fileNo, bytesMax: FILE_BYTES_MAX };
  const reader = await RecordFileReader.open(files, path, how);
  if (reader === null || reader === 'damaged') return null;
  if (reader === 'unread') return reader;
  let begin: ReturnType<typeof decodeBegin> = null;
  try {
    const body = await reader.next();
    begin = body && decodeBegin(body);
  } finally {
    if (begin === null) await reader.close();
  }
  if (begin === null) return reader.isUnread ? 'unread' : null;
  return { reader, treeNumber: begin.treeNumber, begin: begin.peaks };
}

function appendAll(peaks: Peaks, leaves: PackedLeaves): void {
  const hashes = hashesOf(leaves);
  for (let i = 0; i < hashes.length; i++) peaks.append(hashes.at(i) as Hash);
}

function isThatOf(checkpoint: SeenCheckpoint, treeNumber: number, peaks: Peaks): boolean {
  const { says, state } = checkpoint;
  return (
    says.treeNumber === treeNumber &&
    says.size === peaks.size &&
    equalHashes(says.root, peaks.root()) &&
    equalHashes(says.stateHash, stateHashOf(state))
  );
}

/** What `history` is, up to the first record that does not match. */
export interface HistoryFile {
  readonly fileId: Uint8Array;
  readonly recordCount: number;
  readonly endOffset: number;
  readonly tornBytes: number;
  /** As of a TreeFile. */
  readonly isDamaged: boolean;
  readonly isUnread: boolean;
}

/**
 * Reads the history through, a record at a time. Null if there is none; 'damaged' if its header is,
 * 'unread' if that cannot be read now. Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function walkHistory(
  files: Files,
  directory: string,
  visit: (record: TreeHistory) => void,
): Promise<HistoryFile | 'damaged' | 'unread' | null> {
  const how = { magic: TREE_MAGIC, fileNo: HISTORY_FILE_NO, bytesMax: FILE_BYTES_MAX };
  const reader = await RecordFileReader.open(files, `${directory}/${HISTORY_NAME}`, how);
  if (reader === null || typeof reader === 'string') return reader;
  try {
    let { endOffset } = reader;
    let recordCount = 0;
    let isDamaged = false;
    for (;;) {
      const body = await reader.next();
      if (body === null) break;
      const record = decodeHistory(body);
      if (record === null) {
        isDamaged = true;
        break;
      }
      recordCount++;
      endOffset = reader.endOffset;
      visit(record);
    }
    isDamaged ||= await reader.isHoled();
    const { fileId, sizeBytes, isUnread } = reader;
    const tornBytes = sizeBytes - endOffset;
    return { fileId, recordCount, endOffset, tornBytes, isDamaged, isUnread };
  } finally {
    await reader.close();
  }
}

function decodeBegin(body: Uint8Array): { treeNumber: number; peaks: Peaks } | null {
  const json = body[0] === RECORD.begin ? parseJson(body.subarray(1)) : null;
  const hashes = hashesIn(json?.peaks);
  const { tree, size } = json ?? {};
  if (hashes === null || !isCount(tree) || tree === 0 || !isCount(size)) return null;
  const peaks = Peaks.of(size, hashes);
  return peaks === null ? null : { treeNumber: tree, peaks };
}

function decodeHistory(body: Uint8Array): TreeHistory | null {
  const json = body[0] === RECORD.history ? parseJson(body.subarray(1)) : null;
  const nodes = hashesIn(json?.nodes);
  const { from, to, note, state } = json ?? {};
  if (nodes === null || !isCount(from) || !isCount(to)) return null;
  if (typeof note !== 'string' || typeof state !== 'string') return null;
  const says = checkpointTextOf(note);
  return says && { treeNumber: says.treeNumber, from, to, nodes, note, state };
}

/** What the note of a checkpoint says, its signature not checked. */
export function checkpointTextOf(note: string): CheckpointText | null {
  const parts = splitNote(note);
  return 'problem' in parts ? null : parseCheckpointText(parts.text);
}

function decodeCheckpoint(body: Uint8Array): SeenCheckpoint | null {
  if (body[0] !== RECORD.checkpoint) return null;
  const view = viewOf(body);
  const texts: Uint8Array[] = [];
  let at = 1;
  for (let i = 0; i < 2; i++) {
    if (at + 4 > body.length) return null;
    const length = view.getUint32(at, true);
    if (at + 4 + length > body.length) return null;
    texts.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (at + 28 > body.length) return null;
  const [segmentId, frameNo] = [getCount(view, at), getCount(view, at + 8)];
  const nextOffset = getCount(view, at + 16);
  const count = view.getUint32(at + 24, true);
  at += 28;
  if (body.length - at !== count * LEAF_BYTES) return null;
  const leaves = new PackedLeaves([body.subarray(at)]);
  const [noteBytes, state] = texts as [Uint8Array, Uint8Array];
  const note = textOf(noteBytes);
  const says = checkpointTextOf(note);
  return says && { says, note, state, segmentId, frameNo, nextOffset, leaves };
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

function parseJson(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function hashesIn(value: unknown): Hash[] | null {
  if (!Array.isArray(value)) return null;
  const hashes = value.map((text) => (typeof text === 'string' ? fromBase64(text) : null));
  return hashes.every((one): one is Buffer => one?.length === HASH_BYTES) ? hashes : null;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
