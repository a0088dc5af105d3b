// A batch to at most two Native blocks, one a table. Called in a worker; writes from the columns
// and makes no object a row.
import {
  type EncodedBatch,
  type EncodedBlock,
  type EventBatch,
  FIELD,
  FIELDS,
  MARK,
  markName,
  type SequencedBatch,
  STATUS,
  type StoreProfile,
} from '@weir/pipeline';
import { encodeRows } from '../../rows/index.js';
import { PROFILES, type ProfileColumns } from '../store/profiles.js';
import { attributesColumn } from './attributes-column.js';
import {
  constantText,
  constantTime,
  constantU64,
  dictionaryText,
  numbers,
  rawText,
  spanText,
  textsOf,
  times,
  u32s,
  u64s,
} from './columns.js';
import { NativeBuffer } from './native-buffer.js';
import { marksColumn, unmappedColumn } from './sparse-columns.js';

const STATUS_NAMES = Object.keys(STATUS);
/** By code; entry 0 is for rows without a mark, and no code is left out. */
const MARK_NAMES = [''];
for (let code = 1; code <= Math.max(...Object.values(MARK)); code++)
  MARK_NAMES.push(markName(code) === 'unknown' ? `unknown_${code}` : markName(code));

/** One per thread; nothing of a block stays in it. */
const scratchBuffer = new NativeBuffer();

export type BatchIdentity = Pick<SequencedBatch, 'epoch' | 'seqFirst' | 'attempt'>;

/** A block, and where in it the head of each column begins. */
export interface NativeBlock extends EncodedBlock {
  readonly columnStarts: readonly number[];
}

export interface NativeBatch extends EncodedBatch {
  readonly events: NativeBlock | null;
  readonly quarantine: NativeBlock | null;
}

/**
 * `skipSeqs`, ascending: numbers that are stored already; no row is made for them. The blocks'
 * types are plain String where that is cheaper to write: insert them with named columns. Fields
 * that `profile` has no column for are left out.
 */
export function encodeBatch(
  events: EventBatch,
  identity: BatchIdentity,
  skipSeqs: Float64Array | null,
  profile: StoreProfile,
): NativeBatch {
  const columns = PROFILES[profile];
  return encodeRows<NativeBlock>(events, identity.seqFirst, skipSeqs, {
    events: (rows) => encodeEvents(events, identity, rows, columns),
    quarantine: (rows) => encodeQuarantine(events, identity, rows),
  });
}

/** Writes the columns through `write` behind a head whose column count is put in afterwards. */
function block(rowCount: number, write: (out: NativeBuffer) => number): NativeBlock {
  const out = scratchBuffer;
  out.clear();
  out.reserve(16);
  // Room for a column count of two bytes, which any count of up to 16,383 fits when padded.
  const countAt = out.length;
  out.length += 2;
  out.varUint(rowCount);
  const columnCount = write(out);
  out.bytes[countAt] = (columnCount & 0x7f) | 0x80;
  out.bytes[countAt + 1] = columnCount >> 7;
  return { rowCount, bytes: out.take(), columnStarts: [...out.columnStarts] };
}

/**
 * tenant_id, stream, epoch, seq, source, source_seq, ingest_time, retention_class, parser, version.
 */
function identityColumns(
  out: NativeBuffer,
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
): number {
  const { raw } = events;
  const rowCount = rows.length;
  constantText(out, 'tenant_id', raw.tenant, rowCount);
  constantText(out, 'stream', raw.stream, rowCount);
  constantU64(out, 'epoch', identity.epoch, rowCount);
  u64s(out, 'seq', (row) => identity.seqFirst + row, rows);
  const { codes, dictionary, sourceSeqs } = sourcesOf(events);
  dictionaryText(out, 'source', dictionary, codes, rows);
  u64s(out, 'source_seq', (row) => sourceSeqs[row] as number, rows);
  constantTime(out, 'ingest_time', Number(raw.receivedAtNs / 1000n), rowCount);
  constantText(out, 'retention_class', raw.retentionClass, rowCount);
  parserColumn(out, 'parser', events, (parser) => parser.name, rows);
  parserColumn(out, 'parser_version', events, (parser) => parser.version, rows);
  return 10;
}

/** A dictionary's entries must differ: two parsers may have the same version. */
function parserColumn(
  out: NativeBuffer,
  name: string,
  events: EventBatch,
  textOf: (parser: { readonly name: string; readonly version: string }) => string,
  rows: Uint16Array,
): void {
  const dictionary: string[] = [];
  const codeOfParser = events.parsers.map((parser) => {
    const found = dictionary.indexOf(textOf(parser));
    return found >= 0 ? found : dictionary.push(textOf(parser)) - 1;
  });
  const codes = events.parserIndex.map((index) => codeOfParser[index] ?? 0);
  dictionaryText(out, name, dictionary.length === 0 ? [''] : dictionary, codes, rows);
}

function sourcesOf(events: EventBatch) {
  const { eventCount, runs } = events.raw;
  const codes = new Uint16Array(eventCount);
  const sourceSeqs = new Float64Array(eventCount);
  const codeOf = new Map<string, number>();
  let row = 0;
  for (const run of runs) {
    let code = codeOf.get(run.source);
    if (code === undefined) {
      code = codeOf.size;
      codeOf.set(run.source, code);
    }
    for (let i = 0; i < run.eventCount; i++, row++) {
      codes[row] = code;
      sourceSeqs[row] = run.sourceSeqFirst + i;
    }
  }
  return { codes, sourceSeqs, dictionary: [...codeOf.keys()] };
}

function encodeEvents(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
  { hasField, hasLists }: ProfileColumns,
): NativeBlock {
  const ingestTimeUs = Number(events.raw.receivedAtNs / 1000n);
  const texts = textsOf(events);
  return block(rows.length, (out) => {
    let columnCount = identityColumns(out, events, identity, rows);
    dictionaryText(out, 'status', STATUS_NAMES, events.status, rows);
    columnCount++;
    let timeWritten = false;
    for (const column of events.columns) {
      const field = FIELDS[column.field];
      if (field === undefined || !hasField[column.field]) continue;
      columnCount++;
      if (column.kind === 'span') spanText(out, field.column, column.spans, texts, rows);
      else if (column.kind === 'code')
        dictionaryText(out, field.column, column.dictionary, column.codes, rows);
      else if (column.field === FIELD.time) {
        times(out, 'time', column.values, ingestTimeUs, rows);
        timeWritten = true;
      } else numbers(out, field.column, field.type, column.values, rows);
    }
    if (!timeWritten) {
      constantTime(out, 'time', ingestTimeUs, rows.length);
      columnCount++;
    }
    if (hasLists && marksColumn(out, events.marks, rows)) columnCount++;
    if (hasLists && attributesColumn(out, events.columns, texts, rows)) columnCount++;
    if (hasLists && unmappedColumn(out, events.unmapped, texts, rows)) columnCount++;
    rawText(out, 'raw_data', events.raw.offsets, texts, rows);
    return columnCount + 1;
  });
}

function encodeQuarantine(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
): NativeBlock {
  const { offsets } = events.raw;
  const storedBytes = (row: number): number =>
    (offsets[row + 1] as number) - (offsets[row] as number);
  // Framing notes the original length of what it cut off; a parser notes where it stopped.
  const originalBytes = noted(events.raw.marks, events.quarantine, storedBytes, rows);
  const failedOffset = noted(events.marks, events.quarantine, () => 0, rows);
  return block(rows.length, (out) => {
    let columnCount = identityColumns(out, events, identity, rows);
    dictionaryText(out, 'reason', MARK_NAMES, events.quarantine, rows);
    u32s(out, 'failed_offset', (row) => Math.min(failedOffset(row), storedBytes(row)), rows);
    u32s(out, 'original_bytes', originalBytes, rows);
    constantText(out, 'format', events.raw.format, rows.length);
    columnCount += 4;
    if (contextColumn(out, events, rows)) columnCount++;
    if (identity.attempt !== undefined) {
      constantU64(out, 'attempt', BigInt(identity.attempt), rows.length);
      columnCount++;
    }
    if (marksColumn(out, events.marks, rows)) columnCount++;
    rawText(out, 'raw_data', offsets, textsOf(events), rows);
    return columnCount + 1;
  });
}

/** What framing captured of each row's source. Returns false when that is nothing. */
function contextColumn(out: NativeBuffer, events: EventBatch, rows: Uint16Array): boolean {
  const { eventCount, runs } = events.raw;
  if (runs.every(({ context }) => context === '')) return false;
  const dictionary = [...new Set(runs.map(({ context }) => context))];
  const codes = new Uint16Array(eventCount);
  let row = 0;
  for (const run of runs) {
    codes.fill(dictionary.indexOf(run.context), row, row + run.eventCount);
    row += run.eventCount;
  }
  dictionaryText(out, 'context', dictionary, codes, rows);
  return true;
}

/** The number that a mark of the row's quarantine reason carries. */
function noted(
  marks: Uint32Array,
  reasons: Uint8Array,
  otherwise: (row: number) => number,
  rows: Uint16Array,
): (row: number) => number {
  const found = new Map<number, number>();
  const wanted = new Set(rows);
  for (let at = 0; at < marks.length; at += 3) {
    const row = marks[at] as number;
    if (wanted.has(row) && marks[at + 1] === reasons[row] && !found.has(row))
      found.set(row, marks[at + 2] as number);
  }
  return (row) => found.get(row) ?? otherwise(row);
}
