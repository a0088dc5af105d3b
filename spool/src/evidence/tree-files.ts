// Files of the tree: what a record says, and reading a file back. EVIDENCE.md "Files of the tree".
import type { Files } from '@weir/pipeline';
import { getCount, putCount, viewOf } from '../layout.js';
import { decodeRecordFile, RECORD_FILE_HEADER_BYTES } from '../record-file.js';
import { fileNumbers, readWhole } from '../small-files.js';
import { type CheckpointText, parseCheckpointText, stateHashOf } from './checkpoint-note.js';
import { equalHashes, HASH_BYTES, type Hash, Peaks } from './merkle.js';
import { fromBase64, splitNote, toBase64 } from './note.js';

export const TREE_MAGIC = 'WEIRTREE';
export const TREE_NAME = 'tree';
export const HISTORY_NAME = 'history';
/** The file number in the header of `history`. */
export const HISTORY_FILE_NO = 0;
const FILE_BYTES_MAX = 1024 * 1024 * 1024;
const LEAF_BYTES = 16 + HASH_BYTES;
const RECORD = { begin: 1, checkpoint: 2, history: 3 } as const;

const namePattern = /^log-([0-9a-f]{16})$/;
export const treeLogName = (fileNo: number): string =>
  `log-${fileNo.toString(16).padStart(16, '0')}`;

/** Numbers of the tree's files in a directory, ascending; none if it does not exist. */
export const treeLogNumbers = (files: Files, directory: string): Promise<number[]> =>
  fileNumbers(files, directory, namePattern);

/** A frame that is in the tree, and where it stood. */
export interface TreeLeaf {
  readonly segmentId: number;
  readonly frameNo: number;
  readonly hash: Hash;
}

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  /** What the note says; its signature was not checked here. */
  readonly says: CheckpointText;
  readonly note: string;
  readonly state: string;
  /** The last frame hashed, and the offset behind it; zeros for none. */
  readonly segmentId: number;
  readonly frameNo: number;
  readonly nextOffset: number;
  /** Since the checkpoint before it in the file. */
  readonly leaves: readonly TreeLeaf[];
}

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

export function encodeCheckpoint(checkpoint: Omit<StoredCheckpoint, 'says'>): Uint8Array {
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
  for (const { segmentId, frameNo, hash } of leaves) {
    putCount(view, at, segmentId);
    putCount(view, at + 8, frameNo);
    bytes.set(hash, at + 16);
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

/** A file that could be read, up to the first record that does not match. */
export interface TreeFile {
  readonly fileNo: number;
  readonly treeNumber: number;
  readonly begin: Peaks;
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Of all checkpoints, in order: leaf `begin.size + i` of the tree. */
  readonly leaves: readonly TreeLeaf[];
  /** Peaks behind the last checkpoint. */
  readonly end: Peaks;
  /** Behind the last record that matches: one is being written, was cut short, or is damaged. */
  readonly tornBytes: number;
  /** Damage for sure: a record that matches stands behind one that does not, or roots differ. */
  readonly isDamaged: boolean;
}

/**
 * Null for a file that is gone, or whose header or begin is damaged. Roots and hashes of states are
 * checked, signatures are not. Throws WEIR_SPOOL_VERSION.
 */
export async function readTreeFile(
  files: Files,
  directory: string,
  fileNo: number,
): Promise<TreeFile | null> {
  const path = `${directory}/${treeLogName(fileNo)}`;
  const bytes = await readWhole(files, path, FILE_BYTES_MAX);
  const records = bytes && decodeRecordFile(bytes, TREE_MAGIC, fileNo, path);
  const begin = records?.bodies[0] === undefined ? null : decodeBegin(records.bodies[0]);
  if (bytes === null || records === null || begin === null) return null;
  let end = begin.peaks.copy();
  const checkpoints: StoredCheckpoint[] = [];
  const leaves: TreeLeaf[] = [];
  let isDamaged = records.isHoled;
  let endOffset = records.ends[0] ?? 0;
  for (let i = 1; i < records.bodies.length; i++) {
    const checkpoint = decodeCheckpoint(records.bodies[i] as Uint8Array);
    const next = end.copy();
    for (const { hash } of checkpoint?.leaves ?? []) next.append(hash);
    if (checkpoint === null || !isThatOf(checkpoint, begin.treeNumber, next)) {
      isDamaged = true;
      break;
    }
    end = next;
    for (const leaf of checkpoint.leaves) leaves.push(leaf);
    checkpoints.push(checkpoint);
    endOffset = records.ends[i] ?? endOffset;
  }
  const tornBytes = bytes.length - endOffset;
  const { treeNumber, peaks } = begin;
  return { fileNo, treeNumber, begin: peaks, checkpoints, leaves, end, tornBytes, isDamaged };
}

function isThatOf(checkpoint: StoredCheckpoint, treeNumber: number, peaks: Peaks): boolean {
  const { says, state } = checkpoint;
  return (
    says.treeNumber === treeNumber &&
    says.size === peaks.size &&
    equalHashes(says.root, peaks.root()) &&
    equalHashes(says.stateHash, stateHashOf(state))
  );
}

export interface HistoryFile {
  readonly fileId: Uint8Array;
  readonly records: readonly TreeHistory[];
  readonly endOffset: number;
  readonly tornBytes: number;
  readonly isDamaged: boolean;
}

/** Null if there is none; 'damaged' if its header is. Throws WEIR_SPOOL_VERSION. */
export async function readHistory(
  files: Files,
  directory: string,
): Promise<HistoryFile | 'damaged' | null> {
  const path = `${directory}/${HISTORY_NAME}`;
  const bytes = await readWhole(files, path, FILE_BYTES_MAX);
  if (bytes === null) return null;
  const found = decodeRecordFile(bytes, TREE_MAGIC, HISTORY_FILE_NO, path);
  if (found === null) return 'damaged';
  const records: TreeHistory[] = [];
  for (const body of found.bodies) {
    const record = decodeHistory(body);
    if (record === null) break;
    records.push(record);
  }
  const endOffset = found.ends[records.length - 1] ?? RECORD_FILE_HEADER_BYTES;
  const isDamaged = found.isHoled || records.length < found.bodies.length;
  const { fileId } = found;
  return { fileId, records, endOffset, tornBytes: bytes.length - endOffset, isDamaged };
}

function decodeBegin(body: Uint8Array): { treeNumber: number; peaks: Peaks } | null {
  const json = body[0] === RECORD.begin ? parseJson(body.subarray(1)) : null;
  const hashes = hashesOf(json?.peaks);
  const { tree, size } = json ?? {};
  if (hashes === null || !isCount(tree) || tree === 0 || !isCount(size)) return null;
  const peaks = Peaks.of(size, hashes);
  return peaks === null ? null : { treeNumber: tree, peaks };
}

function decodeHistory(body: Uint8Array): TreeHistory | null {
  const json = body[0] === RECORD.history ? parseJson(body.subarray(1)) : null;
  const nodes = hashesOf(json?.nodes);
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

function decodeCheckpoint(body: Uint8Array): StoredCheckpoint | null {
  if (body[0] !== RECORD.checkpoint) return null;
  const view = viewOf(body);
  const texts: string[] = [];
  let at = 1;
  for (let i = 0; i < 2; i++) {
    if (at + 4 > body.length) return null;
    const length = view.getUint32(at, true);
    if (at + 4 + length > body.length) return null;
    texts.push(Buffer.from(body.subarray(at + 4, at + 4 + length)).toString());
    at += 4 + length;
  }
  if (at + 28 > body.length) return null;
  const [segmentId, frameNo] = [getCount(view, at), getCount(view, at + 8)];
  const nextOffset = getCount(view, at + 16);
  const count = view.getUint32(at + 24, true);
  at += 28;
  if (body.length - at !== count * LEAF_BYTES) return null;
  const leaves: TreeLeaf[] = [];
  for (; at < body.length; at += LEAF_BYTES)
    leaves.push({
      segmentId: getCount(view, at),
      frameNo: getCount(view, at + 8),
      hash: body.slice(at + 16, at + LEAF_BYTES),
    });
  const [note = '', state = ''] = texts;
  const says = checkpointTextOf(note);
  return says && { says, note, state, segmentId, frameNo, nextOffset, leaves };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function hashesOf(value: unknown): Hash[] | null {
  if (!Array.isArray(value)) return null;
  const hashes = value.map((text) => (typeof text === 'string' ? fromBase64(text) : null));
  return hashes.every((one): one is Buffer => one?.length === HASH_BYTES) ? hashes : null;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
