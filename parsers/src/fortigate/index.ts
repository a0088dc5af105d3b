// Fortinet FortiGate, FortiOS 5 to 7, in its default key=value format ("FortiOS Log Message
// Reference"). One pass: keys are found by their hash, values stay where they stand.
import { type ColumnWriter, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { Pack } from '../pack.js';
import {
  at,
  BACKSLASH,
  COMMA,
  EQUALS,
  find,
  QUOTE,
  SPACE,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { findEither, fourOf, WordCopy } from '../text/words.js';
import { FortigateEvent } from './event.js';
import { keyTable } from './keys.js';

const FOUR_EQUALS = fourOf(EQUALS);
const FOUR_QUOTES = fourOf(QUOTE);
const FOUR_BACKSLASHES = fourOf(BACKSLASH);
/** Keys that a FortiGate log begins with, by release and by what FortiAnalyzer puts before it. */
const FIRST_KEYS = 'date devname logid logver devid eventtime itime timestamp time type';
const firstKeys = new KeyTable(FIRST_KEYS.split(' ').map((key, index) => [key, index + 1]));
const FIRST_KEY_BYTES_MAX = 10;
const event = new FortigateEvent();
const wordCopy = new WordCopy();

export const fortigateKv: Pack = {
  name: 'fortigate_kv',
  version: '2',
  summary: 'Fortinet FortiGate traffic, UTM and event logs as key=value.',
  detect(bytes, start, end) {
    const stop = find(bytes, EQUALS, start, Math.min(end, start + FIRST_KEY_BYTES_MAX));
    return at(bytes, stop, end) === EQUALS && firstKeys.lookup(bytes, start, stop) !== 0;
  },
  parse,
};

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  event.begin(batch, row, out);
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  scan(bytes, wordCopy.of(batch), start, last, separatorOf(bytes, start, last));
  if (!event.isFortigate()) {
    out.rollbackRow(row);
    return 'no';
  }
  event.finish();
  return event.hasFault ? 'partial' : 'parsed';
}

/** The CSV variant (`set format csv`) differs in the separator only. */
function separatorOf(bytes: Uint8Array, start: number, end: number): number {
  const isCsv = startsWith(bytes, start, end, 'date=') && at(bytes, start + 15, end) === COMMA;
  return isCsv ? COMMA : SPACE;
}

/**
 * Gives every pair to the event. Short, so that what it calls is inlined: that is worth a tenth.
 */
function scan(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  separator: number,
): void {
  const fourSeparators = fourOf(separator);
  let position = start;
  while (position < end) {
    if (bytes[position] === SPACE || bytes[position] === separator) {
      position++;
      continue;
    }
    const keyStart = position;
    const keyEnd = findEither(words, keyStart, end, FOUR_EQUALS, fourSeparators);
    position = keyEnd;
    if (keyEnd >= end || bytes[keyEnd] !== EQUALS) {
      event.fault(MARK.key_value_invalid, keyStart);
      continue;
    }
    let valueStart = keyEnd + 1;
    const isQuoted = valueStart < end && bytes[valueStart] === QUOTE;
    if (isQuoted) valueStart++;
    const fourA = isQuoted ? FOUR_QUOTES : fourSeparators;
    const fourB = isQuoted ? FOUR_BACKSLASHES : fourSeparators;
    position = Math.min(end, findEither(words, valueStart, end, fourA, fourB));
    const key = keyTable.lookupWords(bytes, words, keyStart, keyEnd);
    if (isQuoted && !isClosing(bytes, position, end, separator)) {
      position = oddValue(bytes, key, keyStart, keyEnd, valueStart, position, end, separator);
      continue;
    }
    event.pair(key, keyStart, keyEnd, valueStart, position);
    if (isQuoted) position++;
  }
}

/** A quote with a separator behind it. The one at the very end is left to quotedEnd. */
function isClosing(bytes: Uint8Array, position: number, end: number, separator: number): boolean {
  if (position + 1 >= end || bytes[position] !== QUOTE) return false;
  return bytes[position + 1] === SPACE || bytes[position + 1] === separator;
}

/**
 * A quoted value in which a quote or a backslash stands, first at `first`; or one that does not
 * end. Returns where the text goes on.
 */
function oddValue(
  bytes: Uint8Array,
  key: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  first: number,
  end: number,
  separator: number,
): number {
  const stop = quotedEnd(bytes, first, end, separator);
  if (stop === end) event.fault(MARK.key_value_invalid, start - 1);
  if (hasEscape) event.escaped(key, keyStart, keyEnd, start, stop);
  else event.pair(key, keyStart, keyEnd, start, stop);
  return stop + 1;
}

/** What quotedEnd found on its way. */
let hasEscape = false;

/**
 * Position of the closing quote, or end. A quote inside the value that FortiOS did not escape is
 * told by what follows: only a separator or the end can stand behind the closing one.
 */
function quotedEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  hasEscape = false;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    // Most bytes are neither a quote (0x22) nor a backslash (0x5c): letters are beyond both.
    if (byte > BACKSLASH) continue;
    if (byte === QUOTE) {
      const next = position + 1 < end ? (bytes[position + 1] as number) : SPACE;
      if (next === SPACE || next === separator) return position;
    } else if (byte === BACKSLASH) {
      const next = position + 1 < end ? (bytes[position + 1] as number) : 0;
      if (next === QUOTE || next === BACKSLASH) {
        hasEscape = true;
        position++;
      }
    }
  }
  return end;
}
