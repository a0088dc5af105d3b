// Key=value text of any device: `a=1 b="x y"`, `a=1, b=2`, `a=1;b=2`, `a=1|b=2`.
import { type ColumnWriter, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { FieldWriter } from '../common/fields.js';
import type { Pack } from '../pack.js';
import {
  APOSTROPHE,
  BACKSLASH,
  COMMA,
  DOT,
  EQUALS,
  isDigit,
  isLetter,
  LF,
  MINUS,
  PIPE,
  QUOTE,
  SEMICOLON,
  SPACE,
  TAB,
  trimEnd,
} from '../text/ascii.js';

const KEY_BYTES_MAX = 64;
const fields = new FieldWriter();

export const keyValue: Pack = {
  name: 'key_value',
  version: '1',
  summary: 'Key=value text of any device; common keys go to columns.',
  detect: (bytes, start, end) => keyEndAt(bytes, start, end) > 0,
  parse,
};

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  const separator = separatorOf(bytes, start, last);
  if (separator === 0) return 'no';
  fields.begin(batch, row, out);
  const hasFault = scan(batch, row, start, last, separator, out);
  fields.finish();
  return hasFault ? 'partial' : 'parsed';
}

/** Letters, digits and what keys are joined with; not empty, and never a digit first. */
function isKeyByte(byte: number): boolean {
  if (isLetter(byte) || isDigit(byte)) return true;
  return byte === 0x5f || byte === DOT || byte === MINUS || byte === 0x40 || byte === 0x2f;
}

/** Position of the `=` behind the key at `start`, or -1 when there is no key. */
function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || isDigit(bytes[start] as number)) return -1;
  const stop = Math.min(end, start + KEY_BYTES_MAX + 1);
  let position = start;
  while (position < stop && isKeyByte(bytes[position] as number)) position++;
  return position > start && position < stop && bytes[position] === EQUALS ? position : -1;
}

const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB || byte === LF;

/**
 * What stands between the first pair and the second; 0 when there is no second: then it is a text.
 */
function separatorOf(bytes: Uint8Array, start: number, end: number): number {
  const equals = keyEndAt(bytes, start, end);
  if (equals < 0) return 0;
  const first = bytes[equals + 1];
  let position = equals + 1;
  if (first === QUOTE || first === APOSTROPHE)
    position = quotedEnd(bytes, position + 1, end, first) + 1;
  for (; position < end; position++) {
    const byte = bytes[position] as number;
    const isSign = byte === COMMA || byte === SEMICOLON || byte === PIPE;
    if (!isSign && !isBlank(byte)) continue;
    const next = nextKey(bytes, position, end);
    if (keyEndAt(bytes, next, end) > 0) return isSign ? byte : SPACE;
    // What is no key behind all of them is none behind the last.
    position = next - 1;
  }
  return 0;
}

/** First position behind separators and blanks. */
function nextKey(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (
    position < end &&
    (isSeparator(bytes[position] as number) || isBlank(bytes[position] as number))
  )
    position++;
  return position;
}

const isSeparator = (byte: number): boolean =>
  byte === COMMA || byte === SEMICOLON || byte === PIPE;

function scan(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  separator: number,
  out: ColumnWriter,
): boolean {
  const { bytes } = batch;
  const base = batch.offsets[row] as number;
  let hasFault = false;
  let position = start;
  while (position < end) {
    position = nextKey(bytes, position, end);
    if (position >= end) break;
    const equals = keyEndAt(bytes, position, end);
    if (equals < 0) {
      // A bare word after a quoted value: it belongs to no key.
      hasFault = true;
      out.mark(row, MARK.key_value_invalid, position - base);
      position = bareEnd(bytes, position, end, separator);
      continue;
    }
    const first = bytes[equals + 1];
    let valueStart = equals + 1;
    let valueEnd: number;
    let next: number;
    if (valueStart < end && (first === QUOTE || first === APOSTROPHE)) {
      valueEnd = quotedEnd(bytes, ++valueStart, end, first);
      next = valueEnd + 1;
      if (valueEnd === end) {
        hasFault = true;
        out.mark(row, MARK.key_value_invalid, equals + 1 - base);
      }
    } else {
      next = bareEnd(bytes, valueStart, end, separator);
      valueEnd = trimEnd(bytes, valueStart, next);
    }
    writePair(bytes, position, equals, valueStart, valueEnd, out);
    position = next;
  }
  return hasFault;
}

/**
 * A bare value goes on until a separator with another key behind it: `status=failed for bob id=3`.
 */
function bareEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    const isEnd = separator === SPACE ? isBlank(byte) : byte === separator;
    if (!isEnd) continue;
    const next = nextKey(bytes, position, end);
    if (next === end || keyEndAt(bytes, next, end) > 0) return position;
    position = next - 1;
  }
  return end;
}

/** Position of the closing quote, or end. A backslash escapes a quote or itself. */
function quotedEnd(bytes: Uint8Array, start: number, end: number, quote: number): number {
  let position = start;
  while (position < end && bytes[position] !== quote)
    position += isEscape(bytes, position, end, quote) ? 2 : 1;
  return Math.min(position, end);
}

function isEscape(bytes: Uint8Array, position: number, end: number, quote: number): boolean {
  if (bytes[position] !== BACKSLASH || position + 1 >= end) return false;
  return bytes[position + 1] === quote || bytes[position + 1] === BACKSLASH;
}

function writePair(
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  const quote = bytes[start - 1] as number;
  const isQuoted = quote === QUOTE || quote === APOSTROPHE;
  let first = start;
  let last = end;
  if (isQuoted) {
    let i = start;
    while (i < end && bytes[i] !== BACKSLASH) i++;
    if (i < end) {
      const { scratch } = out;
      first = scratch.position;
      for (i = start; i < end; i++) {
        if (isEscape(bytes, i, end, quote)) i++;
        scratch.byte(bytes[i] as number);
      }
      last = scratch.position;
    }
  }
  fields.pair(bytes, keyStart, keyEnd, keyStart, first, last, true, keyStart);
}
