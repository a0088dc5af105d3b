// Events as JSON lines, straight from the columns: no string and no object per event. A line has
// the identity of the row, then the members of EventRow.toOcsf().
import { Buffer } from 'node:buffer';
import { type EventBatch, isoMicroseconds, type SequencedBatch } from '@weir/pipeline';
import { type Constants, writeConstants } from './constants.js';
import { Heads, type LineState } from './heads.js';
import { MEMBER_COUNT } from './layout.js';
import { LineBuffer, type Piece } from './line-buffer.js';
import { KIND, type Member, Members } from './members.js';
import { StagedText } from './staged-text.js';
import { UnmappedWriter } from './unmapped.js';
import { copyPiece, NUMBER_BYTES_MAX, writeNumber, writeSix, writeTwo } from './words.js';

export type BatchIdentity = Pick<SequencedBatch, 'epoch' | 'seqFirst'>;

const COMMA = 0x2c;
const CLOSE_LIST = 0x5d;
/** `Z"`, as one word. */
const TIME_END = 0x22_5a;
const MARK_WIDTH = 3;
/** Longest name of a mark, with quotes and comma. */
const MARK_BYTES_MAX = 64;
const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
/** A quote, date and time up to the second, a dot; a far year has a sign and six digits. */
const SECOND_BYTES_MAX = 32;
/** Of the longest text, escaped. */
const BYTES_PER_BYTE_MAX = 6;

/** One per thread: `begin`, `write` for rows in ascending order, `take`. */
export class LineWriter {
  readonly #out = new LineBuffer();
  readonly #text = new StagedText(this.#out);
  readonly #constants: Constants = writeConstants(this.#out);
  readonly #unmapped = new UnmappedWriter(this.#out, this.#text, this.#constants.unmappedHead);
  readonly #heads = new Heads(this.#out);
  readonly #members = new Members();
  /** Where the last second stands as text: `"2026-03-01T12:00:00.` */
  readonly #secondStart: number;
  #secondEnd: number;
  #second = Number.NaN;
  #day = Number.NaN;
  #constantsEnd: number;

  #events: EventBatch | null = null;
  #seqFirst = 0;
  #linesStart = 0;
  #marksAt = 0;
  /** Index of the run of the row last written, its first row and the row behind it. */
  #run = -1;
  #runRowFirst = 0;
  #runRowEnd = 0;
  #runHeads: Piece[] = [];
  readonly #parserTails: Piece[] = [];
  #state: LineState = 0;

  constructor() {
    this.#secondStart = this.#out.at;
    this.#secondEnd = this.#out.at;
    this.#out.append(Buffer.from(' '.repeat(SECOND_BYTES_MAX)));
    this.#constantsEnd = this.#out.at;
  }

  begin(events: EventBatch, identity: BatchIdentity): void {
    this.#events = events;
    this.#seqFirst = identity.seqFirst;
    this.#out.rewind(this.#constantsEnd);
    if (this.#heads.ensure(events, this.#out)) this.#constantsEnd = this.#out.at;
    this.#text.begin(events);
    this.#unmapped.begin(events.unmapped);
    this.#members.begin(events, this.#out);
    this.#runHeads = this.#writeRunHeads(events, identity);
    this.#writeParserTails(events);
    this.#marksAt = 0;
    this.#run = -1;
    this.#runRowFirst = 0;
    this.#runRowEnd = 0;
    this.#linesStart = this.#out.at;
  }

  /** The lines since `begin`, in a buffer of their own. */
  take(): Uint8Array<ArrayBuffer> {
    this.#events = null;
    return this.#out.take(this.#linesStart);
  }

  #writeRunHeads(events: EventBatch, identity: BatchIdentity): Piece[] {
    const { raw } = events;
    const tenant = JSON.stringify(raw.tenant);
    const ingestTime = isoMicroseconds(Number(raw.receivedAtNs / 1000n));
    const common =
      `{"tenant_id":${tenant},"stream":${JSON.stringify(raw.stream)},` +
      `"epoch":"${identity.epoch}","ingest_time":"${ingestTime}","source":`;
    const known = new Map<string, Piece>();
    return raw.runs.map(({ source }) => {
      let piece = known.get(source);
      if (piece === undefined) {
        piece = this.#out.appendPiece(`${common}${JSON.stringify(source)},"source_seq":`);
        known.set(source, piece);
      }
      return piece;
    });
  }

  /** Of the parsers that the batch has rows of: there are many more. */
  #writeParserTails({ raw, parsers, parserIndex }: EventBatch): void {
    this.#parserTails.length = 0;
    for (let row = 0; row < raw.eventCount; row++) {
      const index = parserIndex[row] as number;
      this.#parserTails[index] ??= this.#out.appendPiece(parserTail(parsers[index]));
    }
  }

  /** Writes the line of one event. */
  write(row: number): void {
    const events = this.#events as EventBatch;
    const out = this.#out;
    this.#writeIdentity(events, row);
    const textBytes = this.#members.textBytes[row] as number;
    const memberBytesMax = this.#heads.bytesMax + NUMBER_BYTES_MAX + SECOND_BYTES_MAX;
    const memberCount = (this.#members.counts[row] as number) + 1;
    out.reserve(memberCount * memberBytesMax + BYTES_PER_BYTE_MAX * textBytes);
    const at = this.#writeMembers(out.view, row, out.at);
    const close = this.#heads.closes[this.#state] as Piece;
    out.at = copyPiece(out.view, close.start, close.end, at);
    this.#unmapped.write(row);
    this.#writeMarks(events.marks, row);
    this.#writeTail(events, row);
  }

  #writeIdentity(events: EventBatch, row: number): void {
    const { runs } = events.raw;
    while (row >= this.#runRowEnd) {
      this.#run++;
      this.#runRowFirst = this.#runRowEnd;
      this.#runRowEnd += runs[this.#run]?.eventCount ?? Number.POSITIVE_INFINITY;
    }
    const out = this.#out;
    const { start, end } = this.#runHeads[this.#run] as Piece;
    const { seqHead } = this.#constants;
    out.reserve(end - start + seqHead.end - seqHead.start + 2 * NUMBER_BYTES_MAX);
    // Long enough for a call to beat a loop.
    out.bytes.copyWithin(out.at, start, end);
    const sourceSeq = (runs[this.#run]?.sourceSeqFirst ?? 0) + row - this.#runRowFirst;
    let at = writeNumber(out.view, sourceSeq, out.at + end - start);
    at = copyPiece(out.view, seqHead.start, seqHead.end, at);
    out.at = writeNumber(out.view, this.#seqFirst + row, at);
  }

  /** Returns the position behind the last value; the state of the line stands in #state. */
  #writeMembers(view: DataView, row: number, from: number): number {
    const { list, present } = this.#members;
    const { heads } = this.#heads;
    const first = row * MEMBER_COUNT;
    const end = first + (this.#members.counts[row] as number);
    let state: LineState = 0;
    let at = from;
    for (let i = first; i < end; i++) {
      const member = list[present[i] as number] as Member;
      const head = 2 * (state * MEMBER_COUNT + member.id);
      at = copyPiece(view, heads[head] as number, heads[head + 1] as number, at);
      state = 2 * member.group;
      switch (member.kind) {
        case KIND.span:
          at = this.#text.write(
            member.spans[2 * row] as number,
            member.spans[2 * row + 1] as number,
            at,
          );
          state++;
          break;
        case KIND.number:
          at = writeNumber(view, member.values[row] as number, at);
          break;
        case KIND.code: {
          const code = 2 * (member.codes[row] as number);
          const { entries } = member;
          at = copyPiece(view, entries[code] as number, entries[code + 1] as number, at);
          break;
        }
        case KIND.flag: {
          const { yes, no } = this.#constants;
          const { start, end } = member.values[row] === 0 ? no : yes;
          at = copyPiece(view, start, end, at);
          break;
        }
        case KIND.time:
          at = this.#writeTime(view, member.values[row] as number, at);
          break;
        // The version stands in its head.
        default:
      }
    }
    this.#state = state;
    return at;
  }

  /** As isoMicroseconds has it, quoted. Neighbouring events mostly share the second. */
  #writeTime(view: DataView, anyUs: number, at: number): number {
    const timeUs = Math.floor(anyUs);
    let second = Math.floor(timeUs / US_PER_SECOND);
    let restUs = timeUs - second * US_PER_SECOND;
    // Far from 1970 the division rounds up.
    if (restUs < 0) {
      second--;
      restUs += US_PER_SECOND;
    }
    if (second !== this.#second) this.#setSecond(second);
    let to = copyPiece(view, this.#secondStart, this.#secondEnd, at);
    to = writeSix(view, restUs, to);
    view.setInt16(to, TIME_END, true);
    return to + 2;
  }

  /** A calendar is asked once a day: an event can have several times, each with its own second. */
  #setSecond(second: number): void {
    const day = Math.floor(second / SECONDS_PER_DAY);
    if (day !== this.#day) {
      const text = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, -'000Z'.length);
      this.#secondEnd = this.#out.overwrite(this.#secondStart, `"${text}`);
      this.#day = day;
    }
    const clock = second - day * SECONDS_PER_DAY;
    const { bytes } = this.#out;
    const at = this.#secondEnd - 'hh:mm:ss.'.length;
    writeTwo(bytes, Math.floor(clock / 3600), at);
    writeTwo(bytes, Math.floor(clock / 60) % 60, at + 3);
    writeTwo(bytes, clock % 60, at + 6);
    this.#second = second;
  }

  #writeMarks(marks: Uint32Array, row: number): void {
    let from = this.#marksAt;
    while (from < marks.length && (marks[from] as number) < row) from += MARK_WIDTH;
    let end = from;
    while (end < marks.length && marks[end] === row) end += MARK_WIDTH;
    this.#marksAt = end;
    if (from === end) return;
    const out = this.#out;
    const { marksHead, marks: names } = this.#constants;
    out.reserve(((end - from) / MARK_WIDTH + 1) * MARK_BYTES_MAX);
    let at = copyPiece(out.view, marksHead.start, marksHead.end, out.at);
    for (; from < end; from += MARK_WIDTH) {
      const name = names[marks[from + 1] as number] ?? (names[0] as Piece);
      at = copyPiece(out.view, name.start, name.end, at);
      out.bytes[at++] = COMMA;
    }
    out.bytes[at - 1] = CLOSE_LIST;
    out.at = at;
  }

  #writeTail(events: EventBatch, row: number): void {
    const out = this.#out;
    const { lineEnd, base64Head } = this.#constants;
    const tail = this.#parserTails[events.parserIndex[row] as number] as Piece;
    const start = events.raw.offsets[row] as number;
    const end = events.raw.offsets[row + 1] as number;
    out.reserve(tail.end - tail.start + BYTES_PER_BYTE_MAX * (end - start) + 8);
    out.at = copyPiece(out.view, tail.start, tail.end, out.at);
    out.at = this.#text.write(start, end, out.at);
    if (!this.#text.isWhole(start, end)) {
      out.append(out.bytes.subarray(base64Head.start, base64Head.end));
      out.appendText(this.#text.base64Of(start, end));
      out.reserve(lineEnd.end - lineEnd.start);
    }
    out.at = copyPiece(out.view, lineEnd.start, lineEnd.end, out.at);
  }
}

function parserTail(parser: EventBatch['parsers'][number] | undefined): string {
  if (parser === undefined) return ',"raw_data":"';
  const name = JSON.stringify(parser.name);
  return `,"parser":${name},"parser_version":${JSON.stringify(parser.version)},"raw_data":"`;
}
