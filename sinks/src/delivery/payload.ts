// The rows of a group as payloads, and the way back from a row that was refused to its number.
import type { SinkPayload } from '@weir/pipeline';
import { assert } from '@weir/pipeline';
import {
  rowCountOf as batchRowCount,
  type DeliveryGroup,
  type GroupEntry,
  rowSeqs,
} from './delivered.js';

/**
 * What a block of the sink's encoding is made of. `lines`: each row ends with a line feed, so a
 * block can be cut at any row. `frames`: a block is sent or refused as one. `none`: the sink takes
 * no bytes, rows are only counted.
 */
export type BlockEncoding = 'lines' | 'frames' | 'none';

/** Neighbouring rows of one batch. */
export interface Piece {
  readonly entry: GroupEntry;
  /** Index of its first row in the batch's block. */
  readonly rowFirst: number;
  readonly rowCount: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const LINE_FEED = 0x0a;

/** One piece a batch that has rows. */
export function piecesOf(group: DeliveryGroup, encoding: BlockEncoding): Piece[] {
  const pieces: Piece[] = [];
  for (const entry of group.entries) {
    const { events } = entry.encoded;
    if (encoding === 'none') continue;
    if (encoding === 'lines') {
      assert(
        (events?.rowCount ?? 0) === batchRowCount(entry),
        'every number of a batch is accounted for',
      );
    }
    if (events === null || events.bytes.length === 0) continue;
    pieces.push({ entry, rowFirst: 0, rowCount: events.rowCount, bytes: events.bytes });
  }
  return pieces;
}

export const payloadOf = (pieces: readonly Piece[]): SinkPayload => ({
  blocks: pieces.map((piece) => piece.bytes),
  rowCount: rowCountOf(pieces),
  byteCount: pieces.reduce((sum, piece) => sum + piece.bytes.length, 0),
});

export const rowCountOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + piece.rowCount, 0);

/** Two halves, or null where nothing can be taken apart any more. */
export function halve(
  pieces: readonly Piece[],
  encoding: BlockEncoding,
): [Piece[], Piece[]] | null {
  if (encoding === 'frames') {
    if (pieces.length < 2) return null;
    const middle = pieces.length >>> 1;
    return [pieces.slice(0, middle), pieces.slice(middle)];
  }
  const rowCount = rowCountOf(pieces);
  return rowCount < 2 ? null : cutAt(pieces, rowCount >>> 1);
}

/**
 * Parts of about the same number of rows, none above a limit: groups are made of whole batches, and
 * a batch may be larger than what the other side takes at once. A single row that is too long goes
 * alone; frames are never taken apart here.
 */
export function partsOf(
  pieces: readonly Piece[],
  encoding: BlockEncoding,
  limits: { readonly eventsMax: number; readonly bytesMax: number },
): (readonly Piece[])[] {
  const rowCount = rowCountOf(pieces);
  const byteCount = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const partCount = Math.max(
    Math.ceil(rowCount / limits.eventsMax),
    Math.ceil(byteCount / limits.bytesMax),
  );
  if (encoding !== 'lines' || partCount < 2 || rowCount < 2) return [pieces];
  const [left, right] = cutAt(pieces, Math.max(1, Math.floor(rowCount / partCount)));
  return [...partsOf(left, encoding, limits), ...partsOf(right, encoding, limits)];
}

/** Of lines: so many rows, and the others. */
function cutAt(pieces: readonly Piece[], rowCount: number): [Piece[], Piece[]] {
  const [left, right]: [Piece[], Piece[]] = [[], []];
  let rest = rowCount;
  for (const piece of pieces) {
    if (rest >= piece.rowCount) left.push(piece);
    else if (rest <= 0) right.push(piece);
    else {
      const cut = offsetOfRow(piece.bytes, rest);
      left.push({ ...piece, rowCount: rest, bytes: piece.bytes.subarray(0, cut) });
      right.push({
        ...piece,
        rowFirst: piece.rowFirst + rest,
        rowCount: piece.rowCount - rest,
        bytes: piece.bytes.subarray(cut),
      });
    }
    rest -= piece.rowCount;
  }
  return [left, right];
}

/** Where a row begins. */
function offsetOfRow(bytes: Uint8Array, row: number): number {
  let at = 0;
  for (let i = 0; i < row; i++) {
    const end = bytes.indexOf(LINE_FEED, at);
    assert(end >= 0, 'a block has a line for each of its rows');
    at = end + 1;
  }
  return at;
}

export interface RefusedRow {
  readonly entry: GroupEntry;
  readonly seq: number;
  /** The row in the sink's encoding; of frames the whole frame, with its first row only. */
  readonly bytes: Uint8Array;
}

/** The rows that `rows` names by their index in the payload of the pieces; null means all. */
export function refusedRows(
  pieces: readonly Piece[],
  rows: Uint32Array | null,
  encoding: BlockEncoding,
): RefusedRow[] {
  const refused: RefusedRow[] = [];
  const wanted = rows === null ? null : new Set(rows);
  let before = 0;
  for (const { entry, rowFirst, rowCount, bytes } of pieces) {
    let seqs: number[] | null = null;
    let at = 0;
    for (let row = 0; row < rowCount; row++) {
      const end = encoding === 'lines' ? offsetOfRow(bytes.subarray(at), 1) + at : bytes.length;
      if (wanted === null || wanted.has(before + row)) {
        seqs ??= rowSeqs(entry);
        const seq = seqs[rowFirst + row];
        if (seq !== undefined) refused.push({ entry, seq, bytes: bytes.subarray(at, end) });
      }
      if (encoding === 'lines') at = end;
      else at = bytes.length;
    }
    before += rowCount;
  }
  return refused;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A line for the dead letter, with everything that is needed to send the row again. */
export function deadLetterLine(
  { entry, seq, bytes }: RefusedRow,
  encoding: BlockEncoding,
  why: { readonly reason: string; readonly error: string; readonly sink: string },
): Uint8Array {
  const { tenant, stream, epoch } = entry.head;
  const identity = JSON.stringify({
    tenant_id: tenant,
    stream,
    epoch: String(epoch),
    seq,
    ...why,
  });
  const row =
    encoding === 'lines'
      ? `"row":${decoder.decode(bytes).trimEnd()}`
      : `"frame_base64":"${Buffer.from(bytes).toString('base64')}"`;
  return encoder.encode(`${identity.slice(0, -1)},${row}}\n`);
}
