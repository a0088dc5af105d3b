// One event of Zeek while its values come in, whichever format they come from: what has a field
// goes there at once, what several values decide together is kept as positions and settled at the
// end by settle.ts.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { TypedWriter } from '../common/typed-writer.js';
import { at, isDigit, MINUS } from '../text/ascii.js';
import { secondsToMs } from '../text/number.js';
import { writeClass } from '../text/values.js';
import { KIND, SLOT_COUNT } from './kinds.js';
import { decimalEnd, type ListForm, ListValue } from './list-value.js';
import { CLASS } from './logs.js';
import { type LogPlan, NAMES } from './plans.js';

/** What a value is before its field is known. */
export const FORM = {
  text: 1,
  /** A number, or true and false. */
  literal: 2,
  list: 3,
} as const;

const NUMBERS_PER_SLOT = 3;

export class ZeekEvent {
  batch!: RawBatch;
  out!: ColumnWriter;
  row = 0;
  readonly writer = new TypedWriter();
  readonly #list = new ListValue();
  #listForm!: ListForm;
  #lastPath = '';
  /** By slot: start, end and number of the name; a start and end of 0 where there is none. */
  readonly #slots = new Uint32Array(SLOT_COUNT * NUMBERS_PER_SLOT);

  begin(batch: RawBatch, row: number, out: ColumnWriter, listForm: ListForm): void {
    this.batch = batch;
    this.out = out;
    this.row = row;
    this.writer.begin(batch, row, out);
    this.#listForm = listForm;
    this.#slots.fill(0);
  }

  /** The log that the last event is of. */
  get logWords(): string {
    return this.#lastPath === '' ? 'log not known' : `log ${this.#lastPath}`;
  }

  /**
   * One value [start, end), absolute. `name` is the number of its name in `plan`; the name itself
   * is [keyStart, keyEnd), or NAMES[name] where keyStart is negative. A list stands in the bytes
   * and has elements of `listForm`.
   */
  value(
    plan: LogPlan,
    name: number,
    keyStart: number,
    keyEnd: number,
    form: number,
    start: number,
    end: number,
    listForm: ListForm = this.#listForm,
  ): void {
    const kind = plan.kinds[name] as number;
    const target = plan.targets[name] as number;
    if (kind === KIND.keep && form !== FORM.list) {
      const at = target * NUMBERS_PER_SLOT;
      if (this.#slots[at + 1] === 0) {
        this.#slots[at] = start;
        this.#slots[at + 1] = end;
        this.#slots[at + 2] = name;
        return;
      }
    } else if (kind !== 0 && this.#put(kind, target, name, form, start, end, listForm)) return;
    else if (kind !== 0 && form !== FORM.list) this.writer.mark(MARK.value_invalid, start);
    this.#unmapped(name, keyStart, keyEnd, form, start, end, listForm);
  }

  /** Ids that follow from the log. What the kept values say is settled behind it. */
  finish(plan: LogPlan): void {
    this.#lastPath = plan.path;
    const { out, row } = this;
    const { scratch } = out;
    out.code(row, PRODUCT, 'Zeek');
    out.code(row, VENDOR, 'Zeek');
    if (plan.path !== '') {
      const path = scratch.constant(plan.path);
      out.span(row, LOG_NAME, path.start, path.end);
    }
    if (plan.app !== '') {
      const app = scratch.constant(plan.app);
      const isEmail = plan.classUid === CLASS.email;
      out.span(row, isEmail ? PROTOCOL_NAME : APP_NAME, app.start, app.end);
    }
    writeClass(row, plan.classUid, plan.activityId, out);
  }

  /** True when the slot has a value. */
  has(slot: number): boolean {
    return this.#slots[slot * NUMBERS_PER_SLOT + 1] !== 0;
  }

  startOf(slot: number): number {
    return this.#slots[slot * NUMBERS_PER_SLOT] as number;
  }

  endOf(slot: number): number {
    return this.#slots[slot * NUMBERS_PER_SLOT + 1] as number;
  }

  /** The bytes that an absolute position is in. */
  sourceOf(position: number): Uint8Array {
    return position < this.batch.bytes.length ? this.batch.bytes : this.out.scratch.memory;
  }

  /** What to subtract from an absolute position for an index into sourceOf. */
  shiftOf(position: number): number {
    return position < this.batch.bytes.length ? 0 : this.batch.bytes.length;
  }

  /** Number of the slot's word in a table, 0 for none. */
  wordOf(
    slot: number,
    table: { lookup(bytes: Uint8Array, start: number, end: number): number },
  ): number {
    const start = this.startOf(slot);
    const end = this.endOf(slot);
    if (end === 0) return 0;
    const shift = this.shiftOf(start);
    return table.lookup(this.sourceOf(start), start - shift, end - shift);
  }

  /** The slot's value into a field; under its own name where it is not of the kind. */
  put(slot: number, kind: number, field: number): void {
    if (!this.has(slot)) return;
    const start = this.startOf(slot);
    if (this.writer.put(kind, field, start, this.endOf(slot))) return;
    this.writer.mark(MARK.value_invalid, start);
    this.keep(slot);
  }

  /** The slot's value under its own name. */
  keep(slot: number): void {
    if (!this.has(slot)) return;
    const name = NAMES[this.#slots[slot * NUMBERS_PER_SLOT + 2] as number] as string;
    this.writer.unmapped(name, this.startOf(slot), this.endOf(slot));
  }

  #put(
    kind: number,
    target: number,
    name: number,
    form: number,
    start: number,
    end: number,
    listForm: ListForm,
  ): boolean {
    const { writer, out, row } = this;
    if (form === FORM.list) return this.#putList(kind, target, name, start, end, listForm);
    if (kind === KIND.time) return this.#time(target, start, end);
    if (kind === KIND.seconds || kind === KIND.wholeSeconds) {
      const shift = this.shiftOf(start);
      const ms = secondsToMs(this.sourceOf(start), start - shift, end - shift);
      if (Number.isNaN(ms)) return false;
      out.number(row, target, kind === KIND.seconds ? ms : Math.round(ms / 1000));
      return true;
    }
    if (kind === KIND.severity) {
      // The word says more than the id that it becomes.
      writer.unmapped(NAMES[name] as string, start, end);
      return writer.put(kind, target, start, end);
    }
    if (kind === KIND.firstIp) return writer.put(KIND.ip, target, start, end);
    return writer.put(kind === KIND.list ? KIND.text : kind, target, start, end);
  }

  #putList(
    kind: number,
    target: number,
    name: number,
    start: number,
    end: number,
    listForm: ListForm,
  ): boolean {
    const list = this.#list;
    list.begin(this.batch, this.out, listForm, start, end);
    if (kind === KIND.keep || kind === KIND.firstIp) {
      if (!list.first()) return true;
      const first = list.start;
      const firstEnd = list.end;
      const isOnly = !list.hasMore();
      if (kind === KIND.firstIp) return this.writer.put(KIND.ip, target, first, firstEnd) && isOnly;
      const at = target * NUMBERS_PER_SLOT;
      this.#slots[at] = first;
      this.#slots[at + 1] = firstEnd;
      this.#slots[at + 2] = name;
      return isOnly;
    }
    if (!list.join()) return true;
    return this.writer.put(kind === KIND.list ? KIND.text : kind, target, list.start, list.end);
  }

  /** Zeek writes both kinds of time by its setting; it knows UTC only. */
  #time(field: number, start: number, end: number): boolean {
    const shift = this.shiftOf(start);
    const source = this.sourceOf(start);
    const first = at(source, start - shift + 4, end - shift);
    const kind =
      first === MINUS && isDigit(source[start - shift] as number) ? KIND.iso : KIND.epoch;
    if (this.writer.put(kind, field, start, end)) return true;
    if (field === FIELD.time) this.writer.mark(MARK.timestamp_invalid, start);
    return false;
  }

  #unmapped(
    name: number,
    keyStart: number,
    keyEnd: number,
    form: number,
    start: number,
    end: number,
    listForm: ListForm,
  ): void {
    const { out, row } = this;
    let from = start;
    let to = end;
    if (form === FORM.list) {
      const list = this.#list;
      list.begin(this.batch, out, listForm, start, end);
      if (!list.toJson(start, end)) return;
      from = list.start;
      to = list.end;
    } else if (form === FORM.literal && start < this.batch.bytes.length)
      to = decimalEnd(this.batch.bytes, start, end);
    if (keyStart >= 0) out.unmapped(row, keyStart, keyEnd, from, to);
    else {
      const key = out.scratch.constant(NAMES[name] as string);
      out.unmapped(row, key.start, key.end, from, to);
    }
  }
}

const {
  metadata_product_name: PRODUCT,
  metadata_product_vendor_name: VENDOR,
  metadata_log_name: LOG_NAME,
  app_name: APP_NAME,
  protocol_name: PROTOCOL_NAME,
} = FIELD;
