// What stands between the values of lines, once per thread at the start of its buffer.
import { MARK, markName, OCSF_VERSION } from '@weir/pipeline';
import { closeText, GROUP_COUNT, headText, MEMBER_COUNT, VERSION_MEMBER } from './layout.js';
import type { LineBuffer, Piece } from './line-buffer.js';

/**
 * What a line looks like behind a value: the object that is open, and whether the quote that ends
 * the value is still to come. Twice the group, and 1 for the quote.
 */
export type LineState = number;

export interface Constants {
  /** Head of member m in state s: start and end at 2 * (s * MEMBER_COUNT + m). */
  readonly heads: Int32Array;
  /** By state: what closes all objects below the line. */
  readonly closes: readonly Piece[];
  /** Of a line: every head, and a number each. */
  readonly headBytesMax: number;
  /** Mark names by code, quoted. */
  readonly marks: readonly Piece[];
  readonly unmappedHead: Piece;
  readonly marksHead: Piece;
  readonly base64Head: Piece;
  readonly seqHead: Piece;
  readonly lineEnd: Piece;
}

export function writeConstants(out: LineBuffer): Constants {
  const stateCount = 2 * GROUP_COUNT;
  const heads = new Int32Array(2 * stateCount * MEMBER_COUNT);
  const closes: Piece[] = [];
  let headBytesMax = 0;
  for (let state = 0; state < stateCount; state++) {
    const group = state >> 1;
    const quote = (state & 1) === 1 ? '"' : '';
    for (let member = 0; member < MEMBER_COUNT; member++) {
      const version = member === VERSION_MEMBER ? JSON.stringify(OCSF_VERSION) : '';
      const piece = out.appendPiece(`${quote}${headText(group, member)}${version}`);
      heads.set([piece.start, piece.end], 2 * (state * MEMBER_COUNT + member));
      headBytesMax = Math.max(headBytesMax, piece.end - piece.start);
    }
    closes.push(out.appendPiece(`${quote}${closeText(group)}`));
  }
  const marks: Piece[] = [];
  for (const code of [0, ...Object.values(MARK)])
    marks[code] = out.appendPiece(JSON.stringify(markName(code)));
  return {
    heads,
    closes,
    headBytesMax,
    marks,
    unmappedHead: out.appendPiece(',"unmapped":{"'),
    marksHead: out.appendPiece(',"marks":['),
    base64Head: out.appendPiece('","raw_data_base64":"'),
    seqHead: out.appendPiece(',"seq":'),
    lineEnd: out.appendPiece('"}\n'),
  };
}
