// macOS: lines of its logs, and the unified log as JSON (`log stream --style ndjson`). Lines come
// as they are, or inside of what the file source of Vector sends.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { objectStart } from '../json/head.js';
import { HEAD } from '../json/head-keys.js';
import { readObject } from '../json/read-object.js';
import { JsonReader } from '../json/reader.js';
import type { JsonPack, Pack } from '../pack.js';
import { SLASH, trimEnd } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { writeClass } from '../text/values.js';
import { formOf, MacosLine, severityOfType } from './line.js';

const line = new MacosLine();

export const macosLog: Pack = {
  name: 'macos_log',
  version: '1',
  summary:
    'Lines of the unified log of macOS (styles syslog, compact, default) and of install.log.',
  detect: (bytes, start, end) => formOf(bytes, start, end) !== 0,
  parse(batch, row, start, end, out): ParseVerdict {
    const last = trimEnd(batch.bytes, start, end);
    return line.read(batch, row, batch.bytes, 0, start, last, out) ? 'parsed' : 'no';
  },
};

type Row = readonly [names: string, as: number, field: number];
const MESSAGE = 1;
const TYPE = 2;
const PATH = 3;
const FIRST_TYPED = 4;
const TYPED: readonly Row[] = [
  ['timestamp', AS.iso, FIELD.time],
  ['processID', AS.unsigned, FIELD.actor_process_pid],
  ['threadID', AS.unsigned, FIELD.actor_process_tid],
  ['userID', AS.text, FIELD.actor_process_user_uid],
  ['subsystem', AS.text, FIELD.metadata_log_name],
  ['senderImagePath', AS.text, FIELD.metadata_log_provider],
  ['host', AS.text, FIELD.device_hostname],
];
const keyTable = new KeyTable([
  ['eventMessage', MESSAGE],
  ['message', MESSAGE],
  ['messageType', TYPE],
  ['processImagePath', PATH],
  ...TYPED.map(([name], index) => [name, FIRST_TYPED + index] as const),
]);

class MacosSink implements PairSink {
  readonly typed = new TypedWriter();
  /** Text of the event: its start and end. */
  messageStart = 0;
  messageEnd = 0;
  isUnified = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.messageEnd = 0;
    this.isUnified = false;
  }

  pair(
    source: Uint8Array,
    from: number,
    to: number,
    inPlace: number,
    start: number,
    end: number,
  ): void {
    if (start >= end) return;
    const { typed } = this;
    const { out, row } = typed;
    const key = inPlace >= 0 ? keyTable.lookup(source, from, to) : 0;
    if (key === MESSAGE && this.messageEnd === 0) {
      this.messageStart = start;
      this.messageEnd = end;
      return;
    }
    if (key === TYPE) this.#type(start, end);
    else if (key === PATH) this.#path(start, end);
    else if (key >= FIRST_TYPED) {
      const [, as, field] = TYPED[key - FIRST_TYPED] as Row;
      if (typed.put(as, field, start, end)) return;
    }
    if (key === TYPE || key === PATH) {
      this.isUnified = true;
      return;
    }
    let keyStart = inPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(source, from, to);
    }
    out.unmapped(row, keyStart, keyStart + to - from, start, end);
  }

  #type(start: number, end: number): void {
    const { batch, out, row } = this.typed;
    out.span(row, FIELD.metadata_log_level, start, end);
    if (start >= batch.bytes.length) return;
    const severity = severityOfType(batch.bytes, start, end);
    if (severity !== 0) out.number(row, FIELD.severity_id, severity);
  }

  /** The path, whose last part is the name. */
  #path(start: number, end: number): void {
    const { batch, out, row } = this.typed;
    out.span(row, FIELD.actor_process_file_path, start, end);
    let name = end;
    const { length } = batch.bytes;
    const byteAt = (at: number): number =>
      at < length ? (batch.bytes[at] as number) : out.scratch.byteAt(at);
    while (name > start && byteAt(name - 1) !== SLASH) name--;
    out.span(row, FIELD.actor_process_name, name, end);
  }
}

const reader = new JsonReader();
const sink = new MacosSink();

export const macosJson: JsonPack = {
  name: 'macos_json',
  version: '1',
  summary:
    'The unified log of macOS as JSON, and its log files as the file source of Vector sends.',
  detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
  claims: (head) =>
    (head.has(HEAD.eventMessage) && (head.has(HEAD.processImagePath) || head.has(HEAD.source))) ||
    head.has(HEAD.machTimestamp) ||
    head.has(HEAD.formatString) ||
    (head.has(HEAD.message) && isLineAt(head.bytes, head.valueAt(HEAD.message), head.end)),
  parse(batch, row, start, end, out): ParseVerdict {
    sink.begin(batch, row, out);
    const verdict = readObject(reader, batch, row, start, end, out, sink);
    if (sink.messageEnd === 0 || !(sink.isUnified || readLine(batch, row, out))) {
      out.rollbackRow(row);
      return 'no';
    }
    if (sink.isUnified) {
      writeClass(row, 0, 0, out);
      out.span(row, FIELD.message, sink.messageStart, sink.messageEnd);
      out.code(row, FIELD.metadata_product_vendor_name, 'Apple');
      out.code(row, FIELD.metadata_product_name, 'macOS');
    }
    return verdict;
  },
};

/** True when the JSON string at `start` is a line of macOS. */
const isLineAt = (bytes: Uint8Array, start: number, end: number): boolean =>
  start >= 0 && formOf(bytes, start + 1, end) !== 0;

/** The line in the message, whose own time and host go before those of the shipper. */
function readLine(batch: RawBatch, row: number, out: ColumnWriter): boolean {
  const { length } = batch.bytes;
  const shift = sink.messageStart < length ? 0 : length;
  const source = shift === 0 ? batch.bytes : out.scratch.memory;
  const start = sink.messageStart - shift;
  return line.read(batch, row, source, shift, start, sink.messageEnd - shift, out);
}
