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
  version: '1',
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
  const hasFault = scan(batch.bytes, start, trimEnd(batch.bytes, start, end));
  if (!event.isFortigate()) {
    out.rollbackRow(row);
    return 'no';
  }
  event.finish();
  return hasFault ? 'partial' : 'parsed';
}

/** Gives every pair to the event. Returns true when something was no pair. */
function scan(bytes: Uint8Array, start: number, end: number): boolean {
  // The CSV variant (`set format csv`) differs in the separator only.
  const isCsv = startsWith(bytes, start, end, 'date=') && at(bytes, start + 15, end) === COMMA;
  const separator = isCsv ? COMMA : SPACE;
  const fourSeparators = fourOf(separator);
  const words = wordCopy.of(bytes);
  let hasFault = false;
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === SPACE || byte === separator) {
      position++;
      continue;
    }
    const keyStart = position;
    const keyEnd = findEither(words, position, end, FOUR_EQUALS, fourSeparators);
    if (keyEnd >= end || bytes[keyEnd] !== EQUALS) {
      hasFault = true;
      event.fault(MARK.key_value_invalid, keyStart);
      position = keyEnd;
      continue;
    }
    const key = keyTable.lookup(bytes, keyStart, keyEnd);
    position = keyEnd + 1;
    if (position >= end || bytes[position] !== QUOTE) {
      const valueStart = position;
      position = Math.min(end, findEither(words, position, end, fourSeparators, fourSeparators));
      event.pair(key, keyStart, keyEnd, valueStart, position);
      continue;
    }
    const valueStart = position + 1;
    position = findEither(words, valueStart, end, FOUR_QUOTES, FOUR_BACKSLASHES);
    const next = position + 1;
    if (next < end && bytes[position] === QUOTE && (bytes[next] === SPACE || bytes[next] === separator)) {
      event.pair(key, keyStart, keyEnd, valueStart, position++);
      continue;
    }
    position = quotedEnd(bytes, Math.min(position, end), end, separator);
    if (position === end) {
      hasFault = true;
      event.fault(MARK.key_value_invalid, valueStart - 1);
    }
    if (hasEscape) event.escaped(key, keyStart, keyEnd, valueStart, position);
    else event.pair(key, keyStart, keyEnd, valueStart, position);
    position++;
  }
  return hasFault;
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
