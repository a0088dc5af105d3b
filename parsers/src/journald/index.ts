// Entries of systemd's journal, as `journalctl -o json` writes them and as the journald source of
// Vector sends them (systemd.journal-fields(7); "Journal JSON Format" of systemd; Vector reference,
// journald). What a program itself wrote is given to the pack that reads its messages.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { objectStart } from '../json/head.js';
import { HEAD } from '../json/head-keys.js';
import { readObject } from '../json/read-object.js';
import { JsonReader } from '../json/reader.js';
import type { JsonPack, Pack } from '../pack.js';
import { isDigit, OPEN_BRACKET } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { parseUnsigned } from '../text/number.js';
import { SEVERITY_ID_BY_CODE } from '../text/severity.js';
import { writeClass } from '../text/values.js';

const KEY = { message: 1, identifier: 2, command: 3, priority: 4, source: 5, received: 6 } as const;
const TIMESTAMP = 7;
const FIRST_TYPED = 8;
type Row = readonly [names: string, as: number, field: number];
const TYPED: readonly Row[] = [
  ['_HOSTNAME host', AS.text, FIELD.device_hostname],
  ['_MACHINE_ID', AS.text, FIELD.device_uid],
  ['_PID', AS.unsigned, FIELD.actor_process_pid],
  ['SYSLOG_PID', AS.unsigned, FIELD.actor_process_pid],
  ['TID', AS.unsigned, FIELD.actor_process_tid],
  ['_EXE', AS.text, FIELD.actor_process_file_path],
  ['_CMDLINE', AS.text, FIELD.actor_process_cmd_line],
  ['_UID', AS.text, FIELD.actor_process_user_uid],
  ['_AUDIT_LOGINUID', AS.text, FIELD.actor_user_uid],
  ['_AUDIT_SESSION', AS.text, FIELD.actor_session_uid],
  ['_SYSTEMD_UNIT', AS.text, FIELD.app_name],
  ['SYSLOG_FACILITY', AS.unsigned, FIELD.syslog_facility],
  ['MESSAGE_ID', AS.text, FIELD.metadata_event_code],
  ['__CURSOR', AS.text, FIELD.metadata_uid],
];
const KEY_COUNT = FIRST_TYPED + TYPED.length;
const NAMES: readonly (readonly [names: string, number: number])[] = [
  ['MESSAGE message', KEY.message],
  ['SYSLOG_IDENTIFIER', KEY.identifier],
  ['_COMM', KEY.command],
  ['PRIORITY', KEY.priority],
  ['_SOURCE_REALTIME_TIMESTAMP', KEY.source],
  ['__REALTIME_TIMESTAMP', KEY.received],
  ['timestamp', TIMESTAMP],
  ...TYPED.map(([names], index) => [names, FIRST_TYPED + index] as const),
];
const keyTable = new KeyTable(
  NAMES.flatMap(([names, number]) => names.split(' ').map((name) => [name, number] as const)),
);
/** Names of the values that may be left over, by number. */
const NAME_OF: readonly string[] = Array.from(
  { length: KEY_COUNT },
  (_, number) => NAMES.find(([, known]) => known === number)?.[0].split(' ')[0] ?? '',
);

class JournalSink implements PairSink {
  readonly typed = new TypedWriter();
  readonly #spans = new Uint32Array(2 * KEY_COUNT);
  /** Key and value of pairs without a field. */
  #rest = new Uint32Array(4 * 64);
  #restLength = 0;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.#spans.fill(0);
    this.#restLength = 0;
  }

  pair(
    source: Uint8Array,
    from: number,
    to: number,
    inPlace: number,
    start: number,
    end: number,
    isText: boolean,
  ): void {
    if (start >= end) return;
    const { out, batch } = this.typed;
    const key = inPlace >= 0 ? keyTable.lookup(source, from, to) : 0;
    if (key !== 0 && this.#spans[2 * key + 1] === 0) {
      let first = start;
      let last = end;
      // Text that is no UTF-8 comes as a list of its bytes.
      if (key === KEY.message && !isText && batch.bytes[start] === OPEN_BRACKET) {
        first = out.scratch.position;
        bytesOfList(batch.bytes, start, end, out);
        last = out.scratch.position;
      }
      this.#spans[2 * key] = first;
      this.#spans[2 * key + 1] = last;
      return;
    }
    let keyStart = inPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(source, from, to);
    }
    this.#keep(keyStart, keyStart + to - from, start, end);
  }

  #keep(keyStart: number, keyEnd: number, start: number, end: number): void {
    if (this.#restLength === this.#rest.length) {
      const larger = new Uint32Array(2 * this.#rest.length);
      larger.set(this.#rest);
      this.#rest = larger;
    }
    this.#rest[this.#restLength] = keyStart;
    this.#rest[this.#restLength + 1] = keyEnd;
    this.#rest[this.#restLength + 2] = start;
    this.#rest[this.#restLength + 3] = end;
    this.#restLength += 4;
  }

  start(key: number): number {
    return this.#spans[2 * key] as number;
  }

  end(key: number): number {
    return this.#spans[2 * key + 1] as number;
  }

  /** True when the entry has what the journal adds to any: a time of receipt, a cursor, a pid. */
  get isEntry(): boolean {
    return this.end(KEY.message) > 0 && (this.end(KEY.received) > 0 || this.end(KEY.priority) > 0);
  }

  /** Writes what the program's own pack left open. `hasBody`: it wrote class and fields. */
  finish(hasBody: boolean): void {
    const { typed } = this;
    const { out, row } = typed;
    if (!hasBody) writeClass(row, 0, 0, out);
    if (!out.has(row, FIELD.message))
      out.span(row, FIELD.message, this.start(KEY.message), this.end(KEY.message));
    const hasIdentifier = this.end(KEY.identifier) > 0;
    const program = hasIdentifier ? KEY.identifier : KEY.command;
    if (this.end(program) > 0 && !out.has(row, FIELD.actor_process_name))
      out.span(row, FIELD.actor_process_name, this.start(program), this.end(program));
    if (hasIdentifier && this.end(KEY.command) > 0)
      typed.unmapped('_COMM', this.start(KEY.command), this.end(KEY.command));
    this.#priority();
    this.#time();
    TYPED.forEach(([, as, field], index) => {
      const key = FIRST_TYPED + index;
      const start = this.start(key);
      const end = this.end(key);
      if (end === 0) return;
      // The unit is the application of what has no class of its own.
      const isFree = !out.has(row, field) && !(hasBody && field === FIELD.app_name);
      if (isFree && typed.put(as, field, start, end)) return;
      typed.unmapped(NAME_OF[key] as string, start, end);
    });
    for (let i = 0; i < this.#restLength; i += 4)
      out.unmapped(
        row,
        this.#rest[i] as number,
        this.#rest[i + 1] as number,
        this.#rest[i + 2] as number,
        this.#rest[i + 3] as number,
      );
  }

  #priority(): void {
    const { batch, out, row } = this.typed;
    const start = this.start(KEY.priority);
    const end = this.end(KEY.priority);
    if (end === 0 || start >= batch.bytes.length) return;
    const code = parseUnsigned(batch.bytes, start, end);
    const severity = SEVERITY_ID_BY_CODE[code];
    if (severity === undefined) {
      this.typed.unmapped('PRIORITY', start, end);
      return;
    }
    out.number(row, FIELD.syslog_severity, code);
    if (!out.has(row, FIELD.severity_id)) out.number(row, FIELD.severity_id, severity);
  }

  /** The time that the program gave, else that of receipt; microseconds, or Vector's ISO text. */
  #time(): void {
    const { typed } = this;
    const { out, row } = typed;
    if (out.has(row, FIELD.time)) out.clearField(row, FIELD.time);
    let isRead = false;
    for (const key of [KEY.source, KEY.received, TIMESTAMP]) {
      const start = this.start(key);
      const end = this.end(key);
      if (end === 0) continue;
      if (!isRead && typed.put(key === TIMESTAMP ? AS.iso : AS.epoch, FIELD.time, start, end))
        isRead = true;
      else typed.unmapped(NAME_OF[key] as string, start, end);
    }
  }
}

/** `[72,105]` as the bytes it stands for; what is no byte is left out. */
function bytesOfList(bytes: Uint8Array, start: number, end: number, out: ColumnWriter): void {
  let value = -1;
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i] as number;
    if (isDigit(byte)) value = Math.max(value, 0) * 10 + byte - 0x30;
    else {
      if (value >= 0 && value < 256) out.scratch.byte(value);
      value = -1;
    }
  }
}

function ask(
  pack: Pack,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): boolean {
  const verdict = pack.parse(batch, row, start, end, out);
  if (verdict === 'no') out.rollbackRow(row);
  return verdict !== 'no';
}

/** `programs` are packs that read what the programs of their tags write. */
export function makeJournald(programs: readonly Pack[]): JsonPack {
  const reader = new JsonReader();
  const sink = new JournalSink();
  const tagged = programs.flatMap((pack) => (pack.tags ?? []).map((tag) => [tag, pack] as const));
  const tagTable = new KeyTable(tagged.map(([tag], index) => [tag, index + 1] as const));

  /** True when a pack of the program has read its message. */
  function readMessage(batch: RawBatch, row: number, out: ColumnWriter): boolean {
    const { bytes } = batch;
    const program = sink.end(KEY.identifier) > 0 ? KEY.identifier : KEY.command;
    const start = sink.start(KEY.message);
    // Packs read the bytes of the batch: a text with escapes stands in scratch.
    if (sink.end(program) === 0 || start >= bytes.length) return false;
    const at = sink.start(program);
    if (at >= bytes.length) return false;
    const end = sink.end(KEY.message);
    const pack = tagged[tagTable.lookup(bytes, at, sink.end(program)) - 1]?.[1];
    if (pack !== undefined && ask(pack, batch, row, start, end, out)) return true;
    // Modules of PAM and the kernel's firewall write in the name of others.
    for (const other of programs)
      if (other.detect(bytes, start, end) && ask(other, batch, row, start, end, out)) return true;
    return false;
  }

  return {
    name: 'journald',
    version: '1',
    summary: "Entries of systemd's journal as JSON, of journalctl and Vector.",
    detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
    claims: (head) =>
      head.has(HEAD.__REALTIME_TIMESTAMP) ||
      head.has(HEAD.__CURSOR) ||
      head.has(HEAD._TRANSPORT) ||
      (head.has(HEAD.PRIORITY) && (head.has(HEAD._BOOT_ID) || head.has(HEAD.SYSLOG_IDENTIFIER))) ||
      (head.has(HEAD.SYSLOG_IDENTIFIER) && head.has(HEAD._PID)),
    parse(batch, row, start, end, out): ParseVerdict {
      sink.begin(batch, row, out);
      const verdict = readObject(reader, batch, row, start, end, out, sink);
      if (!sink.isEntry) {
        out.rollbackRow(row);
        return 'no';
      }
      // A fault that was found must outlive what the program's pack takes back.
      const hasBody = verdict === 'parsed' && readMessage(batch, row, out);
      sink.finish(hasBody);
      if (!out.has(row, FIELD.time)) out.mark(row, MARK.timestamp_missing, 0);
      return verdict;
    },
  };
}
