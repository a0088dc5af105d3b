// Flattened pairs of XML and JSON, of whatever shipper, into one Windows event.
import type { ColumnWriter, RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { StringReader } from '../json/tokens.js';
import { COLON, DOT, LESS, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { XmlReader } from '../xml/reader.js';
import { elasticTable } from './elastic.js';
import { WindowsEvent } from './event.js';
import { SYS, systemTable } from './system.js';

const encoder = new TextEncoder();
interface Container {
  readonly prefix: Uint8Array;
  readonly isLowered: boolean;
}
/** What stands before the name of a datum. Wazuh writes the names with a small letter. */
const CONTAINERS: readonly (readonly [prefix: string, isLowered: boolean])[] = [
  ['winlog.event_data.', false],
  ['winlog.user_data.', false],
  ['win.eventdata.', true],
  ['data.win.eventdata.', true],
  ['Event.EventData.', false],
  ['Event.UserData.', false],
  ['EventData.', false],
  ['UserData.', false],
  ['event_data.', false],
  ['user_data.', false],
];
const containerTable = new KeyTable(
  CONTAINERS.map(([prefix], index) => [prefix.slice(0, -1), index + 1] as const),
);
/** By first letter. */
const CONTAINERS_BY_LETTER: (Container[] | undefined)[] = new Array(256).fill(undefined);
for (const [prefix, isLowered] of CONTAINERS) {
  const letter = prefix.charCodeAt(0);
  const list = CONTAINERS_BY_LETTER[letter] ?? [];
  CONTAINERS_BY_LETTER[letter] = [...list, { prefix: encoder.encode(prefix), isLowered }];
}

/** <Data>, with or without a name, behind the container. */
const DATUM = { value: 1, name: 2, layout: 3 } as const;
const datumTable = new KeyTable([
  ['Data', DATUM.value],
  ['Data.#text', DATUM.value],
  ['Data.@Name', DATUM.name],
  ['@xmlns', DATUM.layout],
  ['#attributes.xmlns', DATUM.layout],
  ['xml_name', DATUM.layout],
]);
const nameTable = new KeyTable([
  ['@Name', 1],
  ['Name', 1],
  ['#text', 2],
  ['text', 2],
  ['Value', 2],
]);
const EVENT_TAG = encoder.encode('<Event');
const PARAM = encoder.encode('param');
const UNNAMED_MAX = 99;

export class WindowsSink implements PairSink {
  readonly event = new WindowsEvent();
  readonly #xml = new XmlReader(false);
  readonly #strings = new StringReader();
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #row = 0;
  /** Name of a <Data> whose value comes next. */
  #nameStart = 0;
  #nameEnd = 0;
  #unnamedCount = 0;
  #isInXml = false;
  /** Of the container whose members are told by name. */
  #isLowered = false;
  /** True when XML inside of JSON was not whole. */
  hasFault = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.event.begin(batch, row, out);
    this.#batch = batch;
    this.#out = out;
    this.#row = row;
    this.#nameEnd = 0;
    this.#unnamedCount = 0;
    this.#isInXml = false;
    this.hasFault = false;
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    isText: boolean,
  ): void {
    const containers = CONTAINERS_BY_LETTER[keySource[keyFrom] as number];
    if (containers !== undefined) {
      for (let i = 0; i < containers.length; i++) {
        const container = containers[i] as Container;
        if (!startsWith(keySource, keyFrom, keyTo, container.prefix)) continue;
        const from = keyFrom + container.prefix.length;
        this.#datum(keySource, from, keyTo, start, end, isText, container.isLowered);
        return;
      }
    }
    if (start >= end) return;
    const system = systemTable.lookup(keySource, keyFrom, keyTo);
    if (system !== 0) {
      if (system === SYS.message && this.#isXml(start, end)) {
        this.#nested(start, end);
        return;
      }
      if (system === SYS.layout || this.event.system(system, start, end)) return;
    } else {
      const elastic = elasticTable.lookup(keySource, keyFrom, keyTo);
      if (elastic !== 0 && this.event.elastic(elastic, start, end)) return;
    }
    // NXLog, Fluent Bit and others have the data beside everything else.
    const isFlat = keyInPlace >= 0 && isPlainName(keySource, keyFrom, keyTo);
    if (isFlat && this.event.data(keySource, keyFrom, keyTo, start, end)) return;
    if (this.event.saysNothing(start, end)) return;
    this.#unmapped(keySource, keyFrom, keyTo, keyInPlace, start, end);
  }

  wantsMembers(path: Uint8Array, pathLength: number): boolean {
    const container = containerTable.lookup(path, 0, pathLength);
    if (container === 0) return false;
    this.#isLowered = CONTAINERS[container - 1]?.[1] === true;
    return true;
  }

  member(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    isText: boolean,
  ): void {
    this.#datum(bytes, nameStart, nameEnd, start, end, isText, this.#isLowered);
  }

  #unmapped(
    source: Uint8Array,
    from: number,
    to: number,
    inPlace: number,
    start: number,
    end: number,
  ): void {
    let keyStart = inPlace;
    if (keyStart < 0) {
      keyStart = this.#out.scratch.position;
      this.#out.scratch.copy(source, from, to);
    }
    this.#out.unmapped(this.#row, keyStart, keyStart + to - from, start, end);
  }

  /** A datum by what stands behind its container. */
  #datum(
    source: Uint8Array,
    from: number,
    to: number,
    start: number,
    end: number,
    isText: boolean,
    isLowered: boolean,
  ): void {
    const datum = datumTable.lookup(source, from, to);
    if (datum === DATUM.layout) return;
    if (datum === DATUM.name) {
      this.#nameStart = start;
      this.#nameEnd = end;
      return;
    }
    if (start >= end) return;
    if (datum === DATUM.value) {
      if (!isText && this.#byteAt(start) === OPEN_BRACKET) this.#list(start, end);
      else this.#value(start, end);
      return;
    }
    // <UserData> has an element between itself and the names.
    let name = to;
    while (name > from && source[name - 1] !== DOT) name--;
    if (name > from && datumTable.lookup(source, name, to) === DATUM.layout) return;
    if (isLowered) this.#lowered(source, name, to, start, end);
    else this.#named(source, name, to, start, end);
  }

  #named(source: Uint8Array, from: number, to: number, start: number, end: number): void {
    if (this.event.data(source, from, to, start, end)) return;
    if (!this.event.saysNothing(start, end)) this.#unmapped(source, from, to, -1, start, end);
  }

  /** `targetUserName` is TargetUserName. */
  #lowered(source: Uint8Array, from: number, to: number, start: number, end: number): void {
    const { scratch } = this.#out;
    const { length } = this.#batch.bytes;
    const name = scratch.position;
    const letter = source[from] as number;
    scratch.byte(letter >= 0x61 && letter <= 0x7a ? letter - 0x20 : letter);
    scratch.copy(source, from + 1, to);
    const nameEnd = scratch.position;
    if (this.event.data(scratch.memory, name - length, nameEnd - length, start, end)) return;
    if (!this.event.saysNothing(start, end))
      this.#out.unmapped(this.#row, name, nameEnd, start, end);
  }

  /** The value of <Data>: under the name that came before it, else by its place. */
  #value(start: number, end: number): void {
    const { scratch } = this.#out;
    let name = this.#nameStart;
    let nameEnd = this.#nameEnd;
    this.#nameEnd = 0;
    if (nameEnd === 0) {
      if (++this.#unnamedCount > UNNAMED_MAX) return;
      name = scratch.position;
      scratch.copy(PARAM, 0, PARAM.length);
      const count = this.#unnamedCount;
      if (count > 9) scratch.byte(0x30 + Math.floor(count / 10));
      scratch.byte(0x30 + (count % 10));
      nameEnd = scratch.position;
    }
    const { bytes } = this.#batch;
    const isRaw = name < bytes.length;
    const shift = isRaw ? 0 : bytes.length;
    const source = isRaw ? bytes : scratch.memory;
    if (this.event.data(source, name - shift, nameEnd - shift, start, end)) return;
    if (!this.event.saysNothing(start, end))
      this.#out.unmapped(this.#row, name, nameEnd, start, end);
  }

  #byteAt(position: number): number {
    const { bytes } = this.#batch;
    return position < bytes.length
      ? (bytes[position] as number)
      : this.#out.scratch.byteAt(position);
  }

  /**
   * A JSON list of data, as XML that was turned into JSON has it: texts, or objects with `@Name`
   * and `#text`. JsonReader has checked that it is well-formed.
   */
  #list(start: number, end: number): void {
    const { bytes } = this.#batch;
    if (start >= bytes.length) return;
    let position = start + 1;
    let role = 0;
    let isInObject = false;
    while (position < end) {
      const byte = bytes[position] as number;
      if (byte === OPEN_BRACE) isInObject = true;
      if (byte !== QUOTE) {
        if (byte === 0x7d) isInObject = false;
        position++;
        continue;
      }
      const strings = this.#strings;
      if (!strings.read(bytes, position, end)) return;
      position = strings.next;
      if (isInObject && isBefore(bytes, position, end, COLON)) {
        role = nameTable.lookup(bytes, strings.start, strings.end);
        continue;
      }
      let from = strings.start;
      let to = strings.end;
      if (strings.hasEscape) {
        from = this.#out.scratch.position;
        strings.unescape(this.#out.scratch);
        to = this.#out.scratch.position;
      }
      if (role === 1) {
        this.#nameStart = from;
        this.#nameEnd = to;
      } else if (from < to) this.#value(from, to);
      role = 0;
    }
  }

  #isXml(start: number, end: number): boolean {
    if (this.#isInXml || this.#byteAt(start) !== LESS || end - start < EVENT_TAG.length)
      return false;
    for (let i = 0; i < EVENT_TAG.length; i++)
      if (this.#byteAt(start + i) !== EVENT_TAG[i]) return false;
    return true;
  }

  /** The event itself as XML inside of the message of a shipper. */
  #nested(start: number, end: number): void {
    const { bytes } = this.#batch;
    const shift = start < bytes.length ? 0 : bytes.length;
    const source = shift === 0 ? bytes : this.#out.scratch.memory;
    this.#isInXml = true;
    if (!this.#xml.read(source, shift, start - shift, end - shift, this.#out, this))
      this.hasFault = true;
    this.#isInXml = false;
  }
}

/** A name without a dot: those with one are paths of a shipper. */
function isPlainName(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === DOT) return false;
  return true;
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from <= prefix.length) return false;
  for (let i = 1; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false;
  return true;
}

/** True when the next byte that is no white space is this one. */
function isBefore(bytes: Uint8Array, start: number, end: number, byte: number): boolean {
  let position = start;
  while (position < end && (bytes[position] as number) <= 0x20) position++;
  return position < end && bytes[position] === byte;
}
