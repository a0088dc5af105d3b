// Pairs of CEF's extension and of LEEF's attributes. Values have spaces of their own: a value ends
// where a delimiter is followed by a key and an equals sign.
import type { ColumnWriter, RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import {
  BACKSLASH,
  CLOSE_BRACKET,
  DOT,
  EQUALS,
  isDigit,
  isLetter,
  MINUS,
  OPEN_BRACKET,
  SPACE,
} from '../text/ascii.js';

const KEY_BYTES_MAX = 128;

/**
 * Gives each pair of bytes[start, end) to `sink`. `delimiter` is what stands before a key: a space
 * in CEF. With `hasEscapes` a backslash escapes `=`, itself, `|` and line ends (CEF); without it
 * nothing is escaped (LEEF). Returns the position of text in front of the first pair, -1 for none.
 */
export function scanPairs(
  batch: RawBatch,
  start: number,
  end: number,
  delimiter: number,
  hasEscapes: boolean,
  out: ColumnWriter,
  sink: PairSink,
): number {
  const { bytes } = batch;
  let keyStart = -1;
  let keyEnd = 0;
  let valueStart = 0;
  let hasEscape = false;
  /** Of the value that is open; of the next one, when a key was found. */
  let lastDelimiter = start - 1;
  let faultAt = -1;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === delimiter) {
      lastDelimiter = position;
      continue;
    }
    if (byte === BACKSLASH && hasEscapes) {
      hasEscape = true;
      position++;
      continue;
    }
    if (byte !== EQUALS) continue;
    const nextKey = lastDelimiter + 1;
    // Inside of a value that no delimiter has ended, an equals sign is part of it.
    if (nextKey <= keyEnd && keyStart >= 0) continue;
    if (!isKey(bytes, nextKey, position)) continue;
    if (keyStart >= 0)
      emit(batch, keyStart, keyEnd, valueStart, lastDelimiter, delimiter, hasEscape, out, sink);
    else if (!isBlank(bytes, start, nextKey)) faultAt = start;
    hasEscape = false;
    keyStart = nextKey;
    keyEnd = position;
    valueStart = position + 1;
  }
  if (keyStart >= 0)
    emit(batch, keyStart, keyEnd, valueStart, end, delimiter, hasEscape, out, sink);
  else if (!isBlank(bytes, start, end)) faultAt = start;
  return faultAt;
}

/** Letters, digits and what senders join words with; brackets hold an index. */
function isKey(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || end - start > KEY_BYTES_MAX) return false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (isLetter(byte) || isDigit(byte) || byte === 0x5f || byte === DOT) continue;
    if (byte !== MINUS && byte !== OPEN_BRACKET && byte !== CLOSE_BRACKET) return false;
  }
  return true;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) > SPACE) return false;
  return true;
}

function emit(
  batch: RawBatch,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  delimiter: number,
  hasEscape: boolean,
  out: ColumnWriter,
  sink: PairSink,
): void {
  const { bytes } = batch;
  let start = valueStart;
  let end = valueEnd;
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === delimiter)) end--;
  const position = Math.min(valueStart, bytes.length - 1);
  if (hasEscape) {
    const first = out.scratch.position;
    unescapeTo(bytes, start, end, out);
    start = first;
    end = out.scratch.position;
  }
  sink.pair(bytes, keyStart, keyEnd, keyStart, start, end, true, position);
}

/** `\=`, `\\` and `\|` are the byte itself, `\n` and `\r` line ends; any other backslash stays. */
export function unescapeTo(bytes: Uint8Array, start: number, end: number, out: ColumnWriter): void {
  const { scratch } = out;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const next = i + 1 < end ? (bytes[i + 1] as number) : -1;
    if (byte !== BACKSLASH || next < 0) {
      scratch.byte(byte);
      continue;
    }
    i++;
    if (next === EQUALS || next === BACKSLASH || next === 0x7c) scratch.byte(next);
    else if (next === 0x6e) scratch.byte(0x0a);
    else if (next === 0x72) scratch.byte(0x0d);
    else {
      scratch.byte(byte);
      scratch.byte(next);
    }
  }
}
