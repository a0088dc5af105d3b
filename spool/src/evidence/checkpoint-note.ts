// The text of a checkpoint. EVIDENCE.md "Checkpoints".
import { HASH_BYTES, type Hash, sha256 } from './merkle.js';
import { fromBase64, toBase64 } from './note.js';

/** What a checkpoint says. */
export interface CheckpointText {
  /** 12 hex digits. */
  readonly nodeId: string;
  readonly treeNumber: number;
  readonly size: number;
  readonly root: Hash;
  readonly stateHash: Hash;
}

export const originOf = (nodeId: string, treeNumber: number): string =>
  `weir/node/${nodeId}/${treeNumber}`;

export function encodeCheckpointText(checkpoint: CheckpointText): string {
  const { nodeId, treeNumber, size, root, stateHash } = checkpoint;
  const lines = [
    originOf(nodeId, treeNumber),
    size,
    toBase64(root),
    `state ${toBase64(stateHash)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The text of a note whose signature was checked; null if it is not a checkpoint of Weir. */
export function parseCheckpointText(text: string): CheckpointText | null {
  const lines = text.split('\n');
  if (lines.length !== 5 || lines[4] !== '') return null;
  const [origin = '', sizeText = '', rootText = '', stateLine = ''] = lines;
  const [, nodeId, treeText] =
    /^weir\/node\/([0-9a-f]{12})\/([1-9][0-9]{0,15})$/.exec(origin) ?? [];
  if (nodeId === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(sizeText)) return null;
  const [treeNumber, size] = [Number(treeText), Number(sizeText)];
  if (!Number.isSafeInteger(treeNumber) || !Number.isSafeInteger(size)) return null;
  const root = fromBase64(rootText);
  const stateHash = stateLine.startsWith('state ') ? fromBase64(stateLine.slice(6)) : null;
  if (root?.length !== HASH_BYTES || stateHash?.length !== HASH_BYTES) return null;
  return { nodeId, treeNumber, size, root, stateHash };
}

/** Of the document's text, or of its UTF-8. */
export const stateHashOf = (document: string | Uint8Array): Hash => sha256(document);
