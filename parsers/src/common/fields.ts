// Writes pairs of JSON and key=value events: to the column that the key names, or to unmapped. One
// object is reused for all events.
import { type ColumnWriter, FIELD, FIELDS, LIMITS, MARK, type RawBatch } from '@weir/pipeline';
import { isDigit } from '../text/ascii.js';
import { hashOf } from '../text/key-table.js';
import { parseDecimal } from '../text/number.js';
import { severityIdOf } from '../text/severity.js';
import { epochDigitsToUs, epochToUs, readIso, TimeReading } from '../text/time.js';
import { categoryOf, fitsField, writeClass, writeIp, writeTime } from '../text/values.js';
import { AS, type FieldTarget, keyAs, keyField, keyTable } from './keys.js';
import type { PairSink } from './pair-sink.js';

const { activity_id: ACTIVITY, class_uid: CLASS, category_uid: CATEGORY, type_uid: TYPE } = FIELD;
const BASE_EVENT = 0;
/** Of a field that no key named. */
const NO_KEY = 0;
const CODE_BYTES_MAX = 255;
/**
 * Slots for the keys of one event: four for each pair that is kept, so that probing stays short.
 */
const SLOTS = LIMITS.unmappedPairsPerEventMax * 4;
const decoder = new TextDecoder();

export class FieldWriter implements PairSink {
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #row = 0;
  #base = 0;
  #firstPair = 0;
  #generation = 0;
  /** By slot: the generation in which it was set, and the pair. */
  readonly #slotGeneration = new Uint32Array(SLOTS);
  readonly #slotPair = new Uint32Array(SLOTS);
  /** By field: the generation in which it was set, and by which key. */
  readonly #fieldGeneration = new Uint32Array(FIELDS.length);
  readonly #fieldKey = new Uint16Array(FIELDS.length);
  readonly #reading = new TimeReading();
  #classUid = 0;
  #activityId = 0;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#out = out;
    this.#row = row;
    this.#base = batch.offsets[row] as number;
    this.#firstPair = out.unmappedIndex;
    this.#classUid = -1;
    this.#activityId = -1;
    if (++this.#generation === 0xffffffff) {
      this.#slotGeneration.fill(0);
      this.#fieldGeneration.fill(0);
      this.#generation = 1;
    }
  }

  /** OCSF ids that follow from others, and the Base Event where no class was given. */
  finish(): void {
    const row = this.#row;
    const out = this.#out;
    if (this.#classUid < 0 && out.has(row, CLASS)) return;
    if (this.#classUid < 0) {
      if (!out.has(row, ACTIVITY) && !out.has(row, TYPE) && !out.has(row, CATEGORY))
        writeClass(row, BASE_EVENT, 0, out);
      else out.number(row, CLASS, BASE_EVENT);
      return;
    }
    if (!out.has(row, CATEGORY)) out.number(row, CATEGORY, categoryOf(this.#classUid));
    if (!out.has(row, TYPE) && this.#activityId >= 0) {
      const typeUid = this.#classUid * 100 + this.#activityId;
      if (fitsField(TYPE, typeUid)) out.number(row, TYPE, typeUid);
    }
  }

  /**
   * One pair. The key is keySource[keyFrom, keyTo); `keyInPlace` is its absolute start when it
   * stands in the bytes, else -1. The value is [start, end), absolute; `isText` tells a string from
   * a literal.
   * `position` is where the value stands in the event's bytes, for marks.
   */
  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    isText: boolean,
    position: number,
  ): void {
    const key = keyTable.lookup(keySource, keyFrom, keyTo);
    if (key !== 0) {
      const field = keyField[key] as number;
      const isSet = this.#fieldGeneration[field] === this.#generation;
      if (!isSet || this.#fieldKey[field] === key) {
        if (isSet) this.#mark(MARK.value_invalid, position);
        if (this.#toColumn(keyAs[key] as number, field, start, end, isText, position)) {
          this.#fieldGeneration[field] = this.#generation;
          this.#fieldKey[field] = key;
          // A word for the severity says more than the id it became.
          if (keyAs[key] !== AS.severity) return;
        }
      }
    }
    this.#toUnmapped(keySource, keyFrom, keyTo, keyInPlace, start, end, position);
  }

  /** A text for a field that was chosen; what does not fit it is kept under the key. */
  put({ as, field }: FieldTarget, key: Uint8Array, start: number, end: number): void {
    const isSet = this.#fieldGeneration[field] === this.#generation;
    if (isSet || !this.#toColumn(as, field, start, end, true, start)) {
      this.keep(key, start, end);
      return;
    }
    this.#fieldGeneration[field] = this.#generation;
    this.#fieldKey[field] = NO_KEY;
  }

  /** A text for unmapped, whatever the key means elsewhere. */
  keep(key: Uint8Array, start: number, end: number): void {
    this.#toUnmapped(key, 0, key.length, -1, start, end, start);
  }

  #mark(mark: number, position: number): void {
    this.#out.mark(this.#row, mark, position - this.#base);
  }

  #toColumn(
    as: number,
    field: number,
    start: number,
    end: number,
    isText: boolean,
    position: number,
  ): boolean {
    const out = this.#out;
    const row = this.#row;
    // An empty value takes no column; unmapped shows that the key was there.
    if (end === start) return false;
    const isInBytes = start < this.#batch.bytes.length;
    const source = isInBytes ? this.#batch.bytes : out.scratch.memory;
    const shift = isInBytes ? 0 : this.#batch.bytes.length;
    const from = start - shift;
    const to = end - shift;
    switch (as) {
      case AS.text:
        if (!isText && !isNumeric(source, from)) return this.#refuse(position);
        out.span(row, field, start, end);
        return true;
      case AS.ip:
        if (!isText || !isInBytes || !writeIp(source, row, field, from, to, out))
          return this.#refuse(position);
        return true;
      case AS.number:
        return this.#toNumber(field, parseDecimal(source, from, to), position);
      case AS.time:
        return this.#toTime(field, source, from, to, position);
      case AS.severity: {
        const severityId = isText ? severityIdOf(source, from, to) : 0;
        if (severityId !== 0) out.number(row, field, severityId);
        return severityId !== 0;
      }
      default:
        if (!isText || to - from > CODE_BYTES_MAX) return this.#refuse(position);
        out.code(row, field, decoder.decode(source.subarray(from, to)));
        return true;
    }
  }

  #refuse(position: number): false {
    this.#mark(MARK.value_invalid, position);
    return false;
  }

  #toNumber(field: number, value: number, position: number): boolean {
    if (!fitsField(field, value)) return this.#refuse(position);
    this.#out.number(this.#row, field, value);
    if (field === CLASS) this.#classUid = value;
    else if (field === ACTIVITY) this.#activityId = value;
    return true;
  }

  #toTime(field: number, source: Uint8Array, from: number, to: number, position: number): boolean {
    let us = epochDigitsToUs(source, from, to);
    if (Number.isNaN(us)) us = epochToUs(parseDecimal(source, from, to));
    if (Number.isNaN(us)) {
      const reading = this.#reading;
      if (readIso(source, from, to, reading) !== 'valid' || reading.end !== to) {
        this.#mark(field === FIELD.time ? MARK.timestamp_invalid : MARK.value_invalid, position);
        return false;
      }
      us = reading.us;
      if (!reading.hasZone) this.#mark(MARK.timestamp_zone_assumed, position);
    }
    if (field === FIELD.time)
      writeTime(this.#batch, this.#row, us, position - this.#base, this.#out);
    else this.#out.number(this.#row, field, us);
    return true;
  }

  #toUnmapped(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    position: number,
  ): void {
    const out = this.#out;
    let slot = hashOf(keySource, keyFrom, keyTo) & (SLOTS - 1);
    while (this.#slotGeneration[slot] === this.#generation) {
      const pair = this.#slotPair[slot] as number;
      if (this.#isKeyOf(pair, keySource, keyFrom, keyTo)) {
        this.#mark(MARK.value_invalid, position);
        out.replaceUnmappedValue(pair, start, end);
        return;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    const pair = out.unmappedIndex;
    if (pair - this.#firstPair >= LIMITS.unmappedPairsPerEventMax) {
      this.#mark(MARK.value_invalid, position);
      return;
    }
    let keyStart = keyInPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(keySource, keyFrom, keyTo);
    }
    out.unmapped(this.#row, keyStart, keyStart + keyTo - keyFrom, start, end);
    this.#slotGeneration[slot] = this.#generation;
    this.#slotPair[slot] = pair;
  }

  #isKeyOf(pair: number, keySource: Uint8Array, keyFrom: number, keyTo: number): boolean {
    const start = this.#out.unmappedAt(pair, 1);
    if (this.#out.unmappedAt(pair, 2) - start !== keyTo - keyFrom) return false;
    const base = this.#batch.bytes.length;
    const isInBytes = start < base;
    const known = isInBytes ? this.#batch.bytes : this.#out.scratch.memory;
    const shift = isInBytes ? start : start - base;
    for (let i = keyFrom; i < keyTo; i++)
      if (known[shift + i - keyFrom] !== keySource[i]) return false;
    return true;
  }
}

const isNumeric = (bytes: Uint8Array, position: number): boolean =>
  isDigit(bytes[position] as number) || bytes[position] === 0x2d;
