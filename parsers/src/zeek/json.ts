// Zeek's logs as JSON (LogAscii::use_json, json-streaming-logs, Corelight), one object an event. A
// log is known by `_path` where that is there, else by a field that only one log has.
import { type ColumnWriter, LIMITS, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { type JsonHead, objectStart } from '../json/head.js';
import { HEAD } from '../json/head-keys.js';
import { readObject } from '../json/read-object.js';
import { JsonReader } from '../json/reader.js';
import type { JsonPack } from '../pack.js';
import { OPEN_BRACKET } from '../text/ascii.js';
import { hashOf } from '../text/key-table.js';
import { FORM, ZeekEvent } from './event.js';
import { isSame, JSON_LIST } from './list-value.js';
import {
  FIELD_COUNT,
  isSure,
  type LogPlan,
  nameTable,
  ORIG_HOSTS,
  PATH,
  PLANS,
  pathTable,
  planForPath,
  TS,
  tellsLog,
  UID,
  unknownPlan,
} from './plans.js';
import { settle } from './settle.js';

const NUMBERS_PER_PAIR = 6;
const PAIRS_MAX = LIMITS.unmappedPairsPerEventMax;
const decoder = new TextDecoder();

/** The pairs of one event, until its log is known: fields mean something else in every log. */
class ZeekPairs implements PairSink {
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #row = 0;
  /** Number of the name, key start and end, form, value start and end. */
  readonly #pairs = new Uint32Array(PAIRS_MAX * NUMBERS_PER_PAIR);
  /** Of keys without a number, for telling that one stands twice. */
  readonly #hashes = new Int32Array(PAIRS_MAX);
  #count = 0;
  #generation = 0;
  /** By number of a name: the generation in which it was seen, and the pair. */
  readonly #seenIn = new Uint32Array(FIELD_COUNT);
  readonly #pairOf = new Uint32Array(FIELD_COUNT);
  #told = 0;
  #isSure = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#out = out;
    this.#row = row;
    this.#count = 0;
    this.#told = 0;
    this.#isSure = false;
    if (++this.#generation === 0xffffffff) {
      this.#seenIn.fill(0);
      this.#generation = 1;
    }
  }

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
    const number = nameTable.lookup(keySource, keyFrom, keyTo);
    let index = this.#count;
    let keyStart = keyInPlace;
    if (number !== 0) {
      if (this.#seenIn[number] === this.#generation) index = this.#pairOf[number] as number;
      else {
        this.#seenIn[number] = this.#generation;
        this.#pairOf[number] = index;
        if (this.#told === 0) this.#told = tellsLog[number] as number;
        if (isSure[number] === 1) this.#isSure = true;
      }
    } else {
      const hash = hashOf(keySource, keyFrom, keyTo);
      index = this.#sameKey(hash, keySource, keyFrom, keyTo);
      if (index === this.#count && index < PAIRS_MAX) {
        this.#hashes[index] = hash;
        if (keyStart < 0) {
          keyStart = this.#out.scratch.position;
          this.#out.scratch.copy(keySource, keyFrom, keyTo);
        }
      }
    }
    if (index < this.#count || index >= PAIRS_MAX)
      this.#out.mark(this.#row, MARK.value_invalid, position - this.#base());
    if (index >= PAIRS_MAX) return;
    const at = index * NUMBERS_PER_PAIR;
    if (index === this.#count) {
      this.#count++;
      this.#pairs[at] = number;
      // A key without a place is one that the tables have.
      this.#pairs[at + 1] = Math.max(0, keyStart);
      this.#pairs[at + 2] = keyStart < 0 ? 0 : keyStart + keyTo - keyFrom;
    }
    this.#pairs[at + 3] = isText ? FORM.text : this.#formOf(start);
    this.#pairs[at + 4] = start;
    this.#pairs[at + 5] = end;
  }

  /** True when the pairs are those of an event of Zeek. */
  isZeek(): boolean {
    if (!this.#has(TS)) return false;
    if (this.#has(PATH) && this.#pathPlan() !== unknownPlan) return true;
    const hasConnection = this.#has(UID) && ORIG_HOSTS.some((number) => this.#has(number));
    return hasConnection || this.#isSure;
  }

  write(event: ZeekEvent): void {
    let plan = this.#has(PATH) ? this.#pathPlan() : (PLANS[this.#told - 1] ?? unknownPlan);
    if (plan === unknownPlan && this.#has(PATH)) plan = this.#otherPlan();
    for (let index = 0; index < this.#count; index++) {
      const at = index * NUMBERS_PER_PAIR;
      const number = this.#pairs[at] as number;
      const start = this.#pairs[at + 4] as number;
      const end = this.#pairs[at + 5] as number;
      if (number === PATH || start === end) continue;
      const keyEnd = this.#pairs[at + 2] as number;
      const keyStart = keyEnd === 0 ? -1 : (this.#pairs[at + 1] as number);
      event.value(plan, number, keyStart, keyEnd, this.#pairs[at + 3] as number, start, end);
    }
    event.finish(plan);
    settle(event, plan);
  }

  #base(): number {
    return this.#batch.offsets[this.#row] as number;
  }

  #has(number: number): boolean {
    return this.#seenIn[number] === this.#generation;
  }

  #formOf(start: number): number {
    return this.#batch.bytes[start] === OPEN_BRACKET ? FORM.list : FORM.literal;
  }

  /** The pair with the key, or the next free one. */
  #sameKey(hash: number, source: Uint8Array, from: number, to: number): number {
    for (let index = 0; index < this.#count; index++) {
      if (this.#hashes[index] !== hash || this.#pairs[index * NUMBERS_PER_PAIR] !== 0) continue;
      const start = this.#pairs[index * NUMBERS_PER_PAIR + 1] as number;
      const end = this.#pairs[index * NUMBERS_PER_PAIR + 2] as number;
      const base = this.#batch.bytes.length;
      const known = start < base ? this.#batch.bytes : this.#out.scratch.memory;
      const shift = start < base ? 0 : base;
      if (isSame(known, start - shift, end - shift, source.subarray(from, to))) return index;
    }
    return this.#count;
  }

  #pathPlan(): LogPlan {
    const at = (this.#pairOf[PATH] as number) * NUMBERS_PER_PAIR;
    const start = this.#pairs[at + 4] as number;
    const end = this.#pairs[at + 5] as number;
    const { bytes } = this.#batch;
    const log = start < bytes.length ? pathTable.lookup(bytes, start, end) : 0;
    return PLANS[log - 1] ?? unknownPlan;
  }

  /** A log with a name of its own: a filtered one, or one of a script. */
  #otherPlan(): LogPlan {
    const at = (this.#pairOf[PATH] as number) * NUMBERS_PER_PAIR;
    const start = this.#pairs[at + 4] as number;
    const { bytes } = this.#batch;
    if (start >= bytes.length) return unknownPlan;
    return planForPath(decoder.decode(bytes.subarray(start, this.#pairs[at + 5])));
  }
}

const reader = new JsonReader();
const pairs = new ZeekPairs();
const event = new ZeekEvent();

export const zeekJson: JsonPack = {
  name: 'zeek_json',
  version: '1',
  summary: 'Zeek logs as JSON, with or without the name of the log.',
  detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
  claims,
  parse(batch, row, start, end, out): ParseVerdict {
    pairs.begin(batch, row, out);
    const verdict = readObject(reader, batch, row, start, end, out, pairs);
    if (verdict !== 'parsed' || !pairs.isZeek()) {
      out.rollbackRow(row);
      return 'no';
    }
    event.begin(batch, row, out, JSON_LIST);
    pairs.write(event);
    return 'parsed';
  },
  rule: () => event.logWords,
};

/** Of the keys that few other programs have beside a time. */
const BESIDE: readonly number[] = [
  ...[HEAD.uid, HEAD.fuid, HEAD['id.orig_h'], HEAD.id, HEAD._path, HEAD.note],
  ...[HEAD.host, HEAD.peer, HEAD.ts_delta, HEAD.uids],
];

/** Keys are read until one tells; Zeek begins with the log's name, or the time and the uid. */
function claims(head: JsonHead): boolean {
  if (head.firstKey === HEAD._path) return true;
  if (!head.has(HEAD.ts)) return false;
  for (const key of BESIDE) if (head.has(key)) return true;
  return false;
}
