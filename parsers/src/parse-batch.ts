// One batch of raw events into columns: framing's marks, then the syslog header, then the body.

import { Buffer, isUtf8 } from 'node:buffer';
import {
  COLUMNS_PREFIX,
  type ColumnWriter,
  type EventBatch,
  FIELD,
  FRAMING_QUARANTINE,
  InvariantError,
  MARK,
  type Parser,
  type ParseVerdict,
  type RawBatch,
  STATUS,
} from '@weir/pipeline';
import { packOfTag } from './by-tag.js';
import { contextOf, setFallbackContext } from './common/run-context.js';
import { type Explanation, Trace } from './explain.js';
import { JsonHead, objectStart } from './json/head.js';
import { json } from './json/index.js';
import { keyValue } from './key-value/index.js';
import { all, bodyPacks, columnPacks, jsonPacks, linePacks, programPacks } from './list.js';
import type { JsonPack, Pack } from './pack.js';
import { SyslogHeader } from './syslog/header.js';
import { syslog3164, syslog5424, writeGeneric } from './syslog/index.js';
import { readHeader } from './syslog/read-header.js';
import { writeHeader, writeMessage } from './syslog/write.js';
import { at, NUL, OPEN_BRACE, OPEN_BRACKET, SPACE } from './text/ascii.js';
import { type AssumedZone, assumeZone } from './text/assumed-zone.js';
import { firstInvalidUtf8 } from './text/utf8.js';
import { xml } from './xml/index.js';

export interface ParseOptions {
  /** Name of one pack for the body of every event; `auto` or absent: by detection. */
  readonly pack?: string;
  /**
   * Names of the columns of CSV, as a header line would have them; for rows whose source sent none.
   */
  readonly columns?: string;
  /**
   * Someone's own parser. It gets the text behind the syslog header, or the whole JSON item; where
   * it answers `no`, the packs are asked as if it was not there.
   */
  readonly own?: Parser;
  /**
   * Told of each row once it is parsed, before the next: what it writes to the row stays in order.
   * Status and reason of the row are set.
   */
  readonly onRow?: (row: number) => void;
  /** Zone of timestamps without one, by source (peer address); null is UTC, marked. */
  readonly zoneOf?: (source: string) => AssumedZone | null;
  /** Told of each row, once it is parsed, how it came to its pack. For people: it is slow. */
  readonly explain?: (row: number, explanation: Explanation) => void;
  /** 1: the row came without its event and is only counted; it is not parsed. */
  readonly hollow?: Uint8Array | null;
}
/** What `pack` may be. */
export const PACK_NAMES: readonly string[] = ['auto', ...all.map((pack) => pack.name)];

type Named = Pick<Parser, 'name' | 'version'>;

const indexOfPack = new Map(all.map((pack, index) => [pack, index]));
const JSON_INDEX = all.indexOf(json);
const INDEX_5424 = all.indexOf(syslog5424);
const INDEX_3164 = all.indexOf(syslog3164);
const TIME = FIELD.time;
const HASH = 0x23;
/** Texts of the packs before this one do not begin with a brace. */
const BRACE_PLACE = bodyPacks.indexOf(json);
const header = new SyslogHeader();
const head = new JsonHead();
/** Null unless someone asks how events come to their packs. */
let trace: Trace | null = null;

/** The packs that the events of a batch are offered to, by `pack` of its options. */
interface Choice {
  /** One pack was named, which is not asked whether the event is its own. */
  isForced: boolean;
  /** For bodies of syslog. */
  bodies: readonly Pack[];
  /** For objects that would else be generic JSON. */
  objects: readonly JsonPack[];
  /** For rows that header lines name the columns of. */
  rows: readonly Pack[];
  /** For lines without a PRI. */
  lines: readonly Pack[];
}
const choice: Choice = {
  isForced: false,
  bodies: bodyPacks,
  objects: jsonPacks,
  rows: columnPacks,
  lines: linePacks,
};

function choose(name: string): void {
  choice.isForced = name !== 'auto';
  const isNamed = (pack: Pack): boolean => pack.name === name;
  choice.objects = choice.isForced ? jsonPacks.filter(isNamed) : jsonPacks;
  choice.rows = choice.isForced ? columnPacks.filter(isNamed) : columnPacks;
  choice.lines = choice.isForced ? linePacks.filter(isNamed) : linePacks;
  const named = [...bodyPacks, ...programPacks, ...jsonPacks];
  choice.bodies = choice.isForced ? named.filter(isNamed) : bodyPacks;
}

/**
 * Parses a batch into `writer`; the result is valid until the writer's next `begin`. Rows in = rows
 * out: an event that no parser understands is marked and sent to quarantine, never dropped. Does
 * not throw on any bytes.
 */
export function parseBatch(
  batch: RawBatch,
  writer: ColumnWriter,
  options: ParseOptions = {},
): EventBatch {
  const { onRow, own = null, hollow = null, zoneOf, explain } = options;
  trace = explain === undefined ? null : new Trace();
  writer.begin(batch, own === null ? all : parsersWith(own));
  choose(options.pack ?? 'auto');
  const { columns = '' } = options;
  setFallbackContext(columns === '' ? '' : COLUMNS_PREFIX + columns);
  const isClean = !hasOddBytes(batch);
  let frameMark = 0;
  let run = -1;
  let runEnd = zoneOf === undefined ? batch.eventCount : 0;
  if (zoneOf === undefined) assumeZone(null);
  for (let row = 0; row < batch.eventCount; row++) {
    for (; row >= runEnd; runEnd += batch.runs[run]?.eventCount ?? batch.eventCount) {
      run++;
      assumeZone(zoneOf?.(batch.runs[run]?.source ?? '') ?? null);
    }
    writer.openRow(row);
    trace?.begin(batch, row);
    if (hollow !== null && hollow[row] === 1) {
      writer.setStatus(row, STATUS.filtered);
      continue;
    }
    noteFraming(batch, row, frameMark, false, writer);
    if (!isClean) noteOddBytes(batch, row, writer);
    writer.keepMarks(row);
    let verdict: ParseVerdict;
    try {
      verdict = parseRow(batch, row, own, writer);
    } catch (error) {
      // A defect in a parser must not stop the stream: the event goes to quarantine with its bytes.
      if (error instanceof InvariantError) throw error;
      writer.rollbackRow(row);
      writer.reject(row, MARK.parse_error, 0);
      verdict = 'failed';
    }
    frameMark = noteFraming(batch, row, frameMark, true, writer);
    writer.setStatus(row, statusOf(verdict, writer.rejectedAs(row) !== 0));
    if (explain !== undefined && trace !== null)
      explain(row, trace.explanation(writer.parserOf(row) ?? syslog3164, header));
    if (onRow !== undefined) onRow(row);
  }
  return writer.finish();
}

let parsersWithOwn: readonly Named[] = [];
let ownNow: Parser | null = null;

/** The list with someone's own parser at its end; kept, since a worker has few of them. */
function parsersWith(own: Parser): readonly Named[] {
  if (own !== ownNow) {
    ownNow = own;
    parsersWithOwn = [...all, { name: own.name, version: own.version }];
  }
  return parsersWithOwn;
}

function statusOf(
  verdict: ParseVerdict,
  isRejected: boolean,
): (typeof STATUS)[keyof typeof STATUS] {
  if (verdict === 'failed' || verdict === 'no') return STATUS.unparsed;
  return verdict === 'partial' || isRejected ? STATUS.partial : STATUS.parsed;
}

function parseRow(
  batch: RawBatch,
  row: number,
  own: Parser | null,
  out: ColumnWriter,
): ParseVerdict {
  const start = batch.offsets[row] as number;
  const end = batch.offsets[row + 1] as number;
  if (isBlank(batch.bytes, start, end)) {
    out.setParser(row, batch.format === 'json' ? JSON_INDEX : INDEX_3164);
    out.reject(row, MARK.unsupported_type, 0);
    return 'failed';
  }
  if (batch.format === 'json') {
    let verdict: ParseVerdict = own === null ? 'no' : own.parse(batch, row, start, end, out);
    if (verdict === 'no') {
      if (own !== null) {
        out.rollbackRow(row);
        trace?.refused(own);
      }
      verdict = parseJson(batch, row, start, end, out);
    } else {
      out.setParser(row, all.length);
      if (own !== null) trace?.answered(own, start, verdict);
    }
    if (!out.has(row, TIME) && !out.hasMark(row, MARK.timestamp_invalid))
      out.mark(row, MARK.timestamp_missing, 0);
    return verdict;
  }
  return parseSyslogRow(batch, row, start, end, own, out);
}

/** By the pack that knows the shape of the object, else as generic JSON. */
function parseJson(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { objects, isForced } = choice;
  const first = objects.length === 0 ? -1 : objectStart(batch.bytes, start, end);
  if (first >= 0) {
    head.read(batch, first, end);
    for (let i = 0; i < objects.length; i++) {
      const pack = objects[i] as JsonPack;
      if (!isForced && !pack.claims(head)) {
        trace?.passedOver(pack);
        continue;
      }
      const verdict = askPack(pack, batch, row, first, end, out);
      if (verdict !== 'no') return verdict;
    }
  }
  return askPack(json, batch, row, start, end, out);
}

/** Nothing remains of what a pack wrote that answers `no`. */
function askPack(
  pack: Pack,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const verdict = pack.parse(batch, row, start, end, out);
  if (verdict === 'no') out.rollbackRow(row);
  else out.setParser(row, indexOfPack.get(pack) as number);
  trace?.answered(pack, start, verdict);
  return verdict;
}

function parseSyslogRow(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  own: Parser | null,
  out: ColumnWriter,
): ParseVerdict {
  const { bodies, isForced } = choice;
  readHeader(batch.bytes, start, end, header);
  const bodyStart = header.bodyStart;
  if (own !== null) {
    const verdict = own.parse(batch, row, bodyStart, end, out);
    if (verdict !== 'no') {
      out.setParser(row, all.length);
      trace?.answered(own, bodyStart, verdict);
      const isWhole = writeHeader(batch, row, header, out);
      return verdict === 'parsed' && !isWhole ? 'partial' : verdict;
    }
    out.rollbackRow(row);
    trace?.refused(own);
  }
  if (batch.bytes[bodyStart] === HASH || contextOf(batch, row) !== '') {
    const verdict = parseColumns(batch, row, start, end, out);
    if (verdict !== 'no') return verdict;
  }
  const tagged = isForced ? null : packOfTag(batch.bytes, header.appStart, header.appEnd);
  if (header.priState === 'missing' && !isPlainMessage(batch.bytes, tagged, end)) {
    const verdict = parseLine(batch, row, start, end, out);
    if (verdict !== 'no') return verdict;
  }
  if (tagged !== null) {
    const verdict = askPack(tagged, batch, row, bodyStart, end, out);
    if (verdict !== 'no') return withHeader(batch, row, verdict, out);
  }
  const isBrace = bodies === bodyPacks && trace === null && batch.bytes[bodyStart] === OPEN_BRACE;
  for (let i = isBrace ? BRACE_PLACE : 0; i < bodies.length; i++) {
    const pack = bodies[i] as Pack;
    if (!isForced && (pack === tagged || !pack.detect(batch.bytes, bodyStart, end))) {
      trace?.passedOver(pack);
      continue;
    }
    const verdict =
      pack === json && !isForced
        ? parseJson(batch, row, bodyStart, end, out)
        : askPack(pack, batch, row, bodyStart, end, out);
    if (verdict === 'no') continue;
    // Without a text of its own the body is the message, so that a search finds its words.
    const taker = out.parserOf(row);
    const isGeneric = taker === keyValue || taker === json || taker === xml;
    if (isGeneric && !out.has(row, FIELD.message)) writeMessage(batch, row, bodyStart, end, out);
    return withHeader(batch, row, verdict, out);
  }
  out.setParser(row, header.format === 'rfc5424' ? INDEX_5424 : INDEX_3164);
  return writeGeneric(batch, row, header, end, out);
}

/**
 * True when a header with a whole time names a program that has a pack, and what follows is its
 * message itself, without a library or category in front.
 */
function isPlainMessage(bytes: Uint8Array, tagged: Pack | null, end: number): boolean {
  if (tagged === null || !header.time.hasZone) return false;
  const first = at(bytes, header.bodyStart, end);
  return first !== 0x28 && first !== OPEN_BRACKET;
}

/** A line in a form of its own, which a reader of syslog headers would take apart. */
function parseLine(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { lines } = choice;
  for (let i = 0; i < lines.length; i++) {
    const pack = lines[i] as Pack;
    if (!pack.detect(batch.bytes, start, end)) {
      trace?.passedOver(pack);
      continue;
    }
    const verdict = askPack(pack, batch, row, start, end, out);
    if (verdict !== 'no') return verdict;
  }
  return 'no';
}

/** The header's values behind those of the body, which a pack has read. */
function withHeader(
  batch: RawBatch,
  row: number,
  verdict: ParseVerdict,
  out: ColumnWriter,
): ParseVerdict {
  const isWhole = writeHeader(batch, row, header, out);
  return verdict === 'parsed' && !isWhole ? 'partial' : verdict;
}

/**
 * A row with named columns. It stands in the event as it is; where a PRI is in front of it, behind
 * the header of syslog.
 */
function parseColumns(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const hasHeader = header.priState === 'valid';
  const from = hasHeader ? header.bodyStart : start;
  for (const pack of choice.rows) {
    const verdict = askPack(pack, batch, row, from, end, out);
    if (verdict === 'no') continue;
    if (hasHeader) {
      const isWhole = writeHeader(batch, row, header, out);
      return verdict === 'parsed' && !isWhole ? 'partial' : verdict;
    }
    if (!out.has(row, TIME) && !out.hasMark(row, MARK.timestamp_invalid))
      out.mark(row, MARK.timestamp_missing, 0);
    return verdict;
  }
  return 'no';
}

/**
 * Notes what framing saw of the row and sends it to quarantine where that is final. `cursor` is the
 * position in batch.marks; the one of the next row is returned. Faults inside JSON are noted after
 * the parser had its say: it finds the same fault, and where it is. A cut event's offset is its
 * end.
 */
function noteFraming(
  batch: RawBatch,
  row: number,
  cursor: number,
  isAfterParser: boolean,
  out: ColumnWriter,
): number {
  const { marks } = batch;
  let position = cursor;
  for (; position < marks.length && (marks[position] as number) <= row; position += 3) {
    const mark = marks[position + 1] as number;
    const isOfJson = mark === MARK.json_invalid || mark === MARK.depth_exceeded;
    if (isOfJson !== isAfterParser) continue;
    const isCut = mark === MARK.oversize || mark === MARK.framing_incomplete;
    const length = (batch.offsets[row + 1] as number) - (batch.offsets[row] as number);
    if (FRAMING_QUARANTINE.has(mark)) out.reject(row, mark, isCut ? length : 0);
    else out.mark(row, mark, 0);
  }
  return position;
}

/** True when the batch holds a NUL or bytes that are not UTF-8: then each event is looked at. */
function hasOddBytes(batch: RawBatch): boolean {
  const { bytes, offsets } = batch;
  // Buffer's indexOf is memchr; that of a plain typed array looks at one byte after the other.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.indexOf(NUL) >= 0 || !isUtf8(bytes)) return true;
  // The whole can be UTF-8 though a character was cut between two events.
  for (let row = 1; row < batch.eventCount; row++) {
    const start = offsets[row] as number;
    if (((bytes[start] as number) & 0xc0) === 0x80) return true;
  }
  return false;
}

function noteOddBytes(batch: RawBatch, row: number, out: ColumnWriter): void {
  const start = batch.offsets[row] as number;
  const event = batch.bytes.subarray(start, batch.offsets[row + 1]);
  if (!isUtf8(event)) out.mark(row, MARK.encoding_invalid, firstInvalidUtf8(event));
  const nul = event.indexOf(NUL);
  if (nul >= 0) out.mark(row, MARK.nul_bytes, nul);
}

/** No text at all: nothing, white space, NULs. */
function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > SPACE || (byte < 0x09 && byte !== NUL)) return false;
  }
  return true;
}
