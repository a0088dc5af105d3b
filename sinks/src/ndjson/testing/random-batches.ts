// Random batches for the tests of the JSON lines.
import {
  type Column,
  type EventBatch,
  FIELD,
  FIELDS,
  MARK,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import fc from 'fast-check';

type Value = Uint8Array | number | string;
export interface RowInput {
  readonly raw: Uint8Array;
  /** By FieldId; the kind of the value is that of the field. */
  readonly values: readonly (readonly [number, Value])[];
  readonly inScratch: boolean;
  readonly pairs: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly marks: readonly number[];
  readonly quarantine: number;
  readonly isSkipped: boolean;
  readonly isFiltered: boolean;
  readonly parser: number;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const NASTY = [
  utf8('key="a \\ b"\t\r\n\b\f\u0000\u001f\u007f'),
  utf8('\u2028\u2029\ufeff\u00e9\u{1f600}'),
  new Uint8Array([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff]),
  new Uint8Array([0xf0, 0x9f, 0x98]),
  new Uint8Array([0x80, 0x41]),
  new Uint8Array(0),
];
export const anyBytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.string({ maxLength }).map(utf8) },
    fc.string({ maxLength, unit: 'binary' }).map(utf8),
    fc.uint8Array({ maxLength }),
    fc.constantFrom(...NASTY),
  );
export const wholeText = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 40, arbitrary: fc.string({ maxLength }).map(utf8) },
    { weight: 8, arbitrary: fc.constant(utf8('x="\\\n"')) },
    fc.integer({ min: 1, max: 80_000 }).map((length) => utf8('a"b\u0001'.repeat(length / 4))),
  );
const numbers = fc.oneof(
  fc.nat(),
  fc.nat(99),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, 1e8, 2 ** 32, 2 ** 32 - 1, 2 ** 53, 2 ** 53 - 1, -5, Infinity, 1e21),
);
const valueFor = (field: number, text: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Value> => {
  if (field === FIELD.time) return fc.integer({ min: -(10 ** 15), max: 4 * 10 ** 15 });
  if (FIELDS[field]?.kind === 'number') return numbers;
  return FIELDS[field]?.kind === 'code'
    ? fc.constantFrom('Fortinet', 'a"b', 'lone \ud800', '\u2028')
    : text;
};
const keys = (text: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(text, fc.constantFrom(...['__proto__', 'constructor', 'a', '', '7'].map(utf8)));
const markCode = fc.constantFrom(...Object.values(MARK));
export const rowOf = (
  text: (maxLength: number) => fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<RowInput> =>
  fc.record({
    raw: text(300),
    values: fc
      .uniqueArray(fc.nat(FIELDS.length - 1), { maxLength: 12 })
      .chain((fields) =>
        fc.tuple(
          ...fields.map((field) => valueFor(field, text(40)).map((v) => [field, v] as const)),
        ),
      ),
    inScratch: fc.boolean(),
    pairs: fc.oneof(
      { weight: 9, arbitrary: fc.array(fc.tuple(keys(text(9)), text(40)), { maxLength: 6 }) },
      fc.array(fc.tuple(keys(text(2)), text(3)), { minLength: 60, maxLength: 90 }),
    ),
    marks: fc.array(fc.oneof(markCode, fc.constant(200)), { maxLength: 3 }),
    quarantine: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, markCode),
    isSkipped: fc.boolean(),
    isFiltered: fc.boolean(),
    parser: fc.nat(2),
  });

class Pieces {
  #list: number[] = [];
  get length(): number {
    return this.#list.length;
  }
  add(piece: Uint8Array): [number, number] {
    const start = this.#list.length;
    for (const byte of piece) this.#list.push(byte);
    return [start, this.#list.length];
  }
  bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#list);
  }
}

/** Puts rows together as a worker would: one byte array, spans into it and into scratch. */
export function build(rows: readonly RowInput[], epoch: bigint, seqFirst: number) {
  const main = new Pieces();
  const scratch = new Pieces();
  const offsets = [0];
  const pending: { row: number; input: RowInput; place: Map<Uint8Array, [number, number]> }[] = [];
  rows.forEach((input, row) => {
    const place = new Map<Uint8Array, [number, number]>();
    main.add(input.raw);
    const texts = [...input.values.map(([, value]) => value), ...input.pairs.flat()];
    if (!input.inScratch)
      for (const text of texts) if (text instanceof Uint8Array) place.set(text, main.add(text));
    offsets.push(main.length);
    pending.push({ row, input, place });
  });
  for (const { input, place } of pending) {
    if (!input.inScratch) continue;
    for (const text of [...input.values.map(([, value]) => value), ...input.pairs.flat()]) {
      if (!(text instanceof Uint8Array)) continue;
      const [start, end] = scratch.add(text);
      place.set(text, [main.length + start, main.length + end]);
    }
  }
  const raw: SequencedBatch = {
    tenant: 'ac"me',
    stream: 'node/sys\u00e9log/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_772_366_400_123_456_789n,
    eventCount: rows.length,
    bytes: main.bytes(),
    offsets: Uint32Array.from(offsets),
    marks: new Uint32Array(0),
    runs: [
      { eventCount: 1, source: '2001:db8::1', sourceSeqFirst: 5, context: '' },
      { eventCount: rows.length - 1, source: '192.0.2.9', sourceSeqFirst: 70, context: '' },
    ],
    requestParts: [],
    dispositions: [],
    epoch,
    seqFirst,
  };
  const events: EventBatch = {
    raw,
    scratch: scratch.bytes(),
    status: Uint8Array.from(rows, (r) => (r.isFiltered ? STATUS.filtered : STATUS.parsed)),
    columns: columnsOf(pending),
    unmapped: Uint32Array.from(
      pending.flatMap(({ row, input, place }) =>
        input.pairs.flatMap((pair) => [row, ...pair.flatMap((text) => place.get(text) ?? [])]),
      ),
    ),
    marks: Uint32Array.from(rows.flatMap((r, row) => r.marks.flatMap((mark) => [row, mark, 3]))),
    quarantine: Uint8Array.from(rows, (r) => r.quarantine),
    parserIndex: Uint8Array.from(rows, (r) => r.parser),
    parsers: ['a', 'b"'].map((name) => ({ name, version: '1' })),
  };
  return { raw, events };
}

function columnsOf(
  rows: readonly { row: number; input: RowInput; place: Map<Uint8Array, [number, number]> }[],
): Column[] {
  const columns = new Map<number, Column>();
  for (const { row, input, place } of rows) {
    for (const [field, value] of input.values) {
      let column = columns.get(field);
      if (column === undefined) {
        const { kind } = FIELDS[field] as (typeof FIELDS)[number];
        if (kind === 'span') column = { kind, field, spans: new Uint32Array(2 * rows.length) };
        else if (kind === 'number')
          column = { kind, field, values: new Float64Array(rows.length).fill(Number.NaN) };
        else column = { kind, field, codes: new Uint16Array(rows.length), dictionary: [''] };
        columns.set(field, column);
      }
      if (column.kind === 'span') {
        const [start, end] = place.get(value as Uint8Array) ?? [0, 0];
        // As the column writer does: an empty value is an absent one.
        if (end > start) column.spans.set([start, end], 2 * row);
      } else if (column.kind === 'number') column.values[row] = value as number;
      else {
        const dictionary = column.dictionary as string[];
        const known = dictionary.indexOf(value as string);
        column.codes[row] = known >= 0 ? known : dictionary.push(value as string) - 1;
      }
    }
  }
  return [...columns.values()].sort((a, b) => a.field - b.field);
}
