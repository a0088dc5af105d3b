// What stands between the values of lines, once per thread at the start of its buffer.
import { MARK, markName } from '@weir/pipeline';
import type { LineBuffer, Piece } from './line-buffer.js';

export interface Constants {
  /** Mark names by code, quoted. */
  readonly marks: readonly Piece[];
  readonly yes: Piece;
  readonly no: Piece;
  readonly unmappedHead: Piece;
  readonly marksHead: Piece;
  readonly base64Head: Piece;
  readonly seqHead: Piece;
  readonly lineEnd: Piece;
}

export function writeConstants(out: LineBuffer): Constants {
  const marks: Piece[] = [];
  for (const code of [0, ...Object.values(MARK)])
    marks[code] = out.appendPiece(JSON.stringify(markName(code)));
  return {
    marks,
    yes: out.appendPiece('true'),
    no: out.appendPiece('false'),
    unmappedHead: out.appendPiece(',"unmapped":{"'),
    marksHead: out.appendPiece(',"marks":['),
    base64Head: out.appendPiece('","raw_data_base64":"'),
    seqHead: out.appendPiece(',"seq":'),
    lineEnd: out.appendPiece('"}\n'),
  };
}
