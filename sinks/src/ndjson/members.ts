// What the rows of a batch have between their identity and their unmapped keys: columns in the
// order of the line, and the OCSF version. Which members a row has is found column by column, since
// most rows have few of the columns that a mixed batch has.
import { type Column, type EventBatch, FIELDS, IS_FLAG, IS_TIME, LIMITS } from '@weir/pipeline';
import { GROUP_OF, MEMBER_COUNT, PLACE_OF, VERSION_MEMBER } from './layout.js';
import type { LineBuffer } from './line-buffer.js';

export const KIND = { span: 0, number: 1, time: 2, code: 3, version: 4, flag: 5 } as const;

/** What a Date can show, in microseconds. */
const TIME_US_MAX = 8.64e18;
const NO_SPANS = new Uint32Array(0);
const NO_VALUES = new Float64Array(0);
const NO_CODES = new Uint16Array(0);
const NO_ENTRIES = new Int32Array(0);

/** A class, and one for all kinds: its shape is always the same, so that reading it stays fast. */
export class Member {
  /** A FieldId, or VERSION_MEMBER. */
  readonly id: number;
  readonly group: number;
  readonly kind: (typeof KIND)[keyof typeof KIND];
  spans: Uint32Array = NO_SPANS;
  values: Float64Array = NO_VALUES;
  codes: Uint16Array = NO_CODES;
  /** Start and end in the buffer of each entry of the dictionary, as JSON strings. */
  entries: Int32Array = NO_ENTRIES;

  constructor(id: number, kind: (typeof KIND)[keyof typeof KIND]) {
    this.id = id;
    this.group = GROUP_OF[id] as number;
    this.kind = kind;
  }
}

const VERSION = new Member(VERSION_MEMBER, KIND.version);

export class Members {
  /** In the order of the line. */
  list: readonly Member[] = [];
  /** Indexes into `list` of what row r has: counts[r] of them from r * MEMBER_COUNT on. */
  readonly present = new Uint16Array(LIMITS.batchEventCountMax * MEMBER_COUNT);
  readonly counts = new Uint16Array(LIMITS.batchEventCountMax);
  /** Bytes of the texts of each row, before they are escaped. */
  readonly textBytes = new Uint32Array(LIMITS.batchEventCountMax);

  /** Writes the dictionaries to the buffer. */
  begin(events: EventBatch, out: LineBuffer): void {
    const { eventCount } = events.raw;
    const list = [VERSION];
    for (const column of events.columns)
      if (FIELDS[column.field] !== undefined) list.push(memberOf(column, out));
    list.sort((a, b) => (PLACE_OF[a.id] as number) - (PLACE_OF[b.id] as number));
    this.list = list;
    this.counts.fill(0, 0, eventCount);
    this.textBytes.fill(0, 0, eventCount);
    list.forEach((member, index) => {
      if (member.kind === KIND.span) this.#noteSpans(member.spans, index, eventCount);
      else if (member.kind === KIND.number || member.kind === KIND.flag)
        this.#noteNumbers(member.values, index, eventCount);
      else if (member.kind === KIND.time) this.#noteTimes(member.values, index, eventCount);
      else if (member.kind === KIND.code) this.#noteCodes(member, index, eventCount);
      else for (let row = 0; row < eventCount; row++) this.#note(row, index);
    });
  }

  #note(row: number, index: number): void {
    const count = this.counts[row] as number;
    this.present[row * MEMBER_COUNT + count] = index;
    this.counts[row] = count + 1;
  }

  #noteSpans(spans: Uint32Array, index: number, eventCount: number): void {
    const { textBytes } = this;
    for (let row = 0; row < eventCount; row++) {
      const end = spans[2 * row + 1] as number;
      if (end === 0) continue;
      this.#note(row, index);
      textBytes[row] = (textBytes[row] as number) + end - (spans[2 * row] as number);
    }
  }

  #noteNumbers(values: Float64Array, index: number, eventCount: number): void {
    for (let row = 0; row < eventCount; row++)
      if (!Number.isNaN(values[row] as number)) this.#note(row, index);
  }

  /** A time that no calendar has is as good as none. */
  #noteTimes(values: Float64Array, index: number, eventCount: number): void {
    for (let row = 0; row < eventCount; row++) {
      const value = values[row] as number;
      if (value >= -TIME_US_MAX && value <= TIME_US_MAX) this.#note(row, index);
    }
  }

  #noteCodes({ codes, entries }: Member, index: number, eventCount: number): void {
    const { textBytes } = this;
    for (let row = 0; row < eventCount; row++) {
      const code = codes[row] as number;
      if (code === 0) continue;
      this.#note(row, index);
      const byteCount = (entries[2 * code + 1] as number) - (entries[2 * code] as number);
      textBytes[row] = (textBytes[row] as number) + byteCount;
    }
  }
}

function memberOf(column: Column, out: LineBuffer): Member {
  const isTime = IS_TIME[column.field] === true && column.kind === 'number';
  const isFlag = IS_FLAG[column.field] === true && column.kind === 'number';
  const plain = isFlag ? KIND.flag : KIND[column.kind];
  const member = new Member(column.field, isTime ? KIND.time : plain);
  if (column.kind === 'span') member.spans = column.spans;
  else if (column.kind === 'number') member.values = column.values;
  else {
    member.codes = column.codes;
    member.entries = new Int32Array(2 * column.dictionary.length);
    column.dictionary.forEach((text, code) => {
      const piece = out.appendPiece(JSON.stringify(text));
      member.entries[2 * code] = piece.start;
      member.entries[2 * code + 1] = piece.end;
    });
  }
  return member;
}
