// Scenario: events with random values in any field of the model, odd Unicode, keys that mean
// something to JavaScript, and most fields absent, go through JSON lines, Avro and the real
// ClickHouse engine; then bytes and lines that are broken, cut, or were never an event.
// Guarantees: every encoding gives back the event that went in, absent fields included; decoders
// answer anything else with WEIR_EVENT_INVALID and throw nothing else, in bounded time; the store
// answers a broken block with a typed error.
import {
  type CollectionEvent,
  collectionEventOf,
  decodeEventLine,
  FIELD,
  FIELDS,
  type FieldType,
  type FieldValue,
  IS_FLAG,
  MARK,
  WeirError,
} from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { insertBlocks, tableNames } from '../clickhouse/index.js';
import { encodeBatch } from '../clickhouse/native/index.js';
import { PROFILES } from '../clickhouse/store/profiles.js';
import { type StoreFixture, storeFixture } from '../clickhouse/testing/fixture.js';
import { SAMPLE_TIME_NS } from '../clickhouse/testing/sample-batches.js';
import { encodeNdjson } from '../ndjson/index.js';
import { build, type RowInput, utf8 } from '../ndjson/testing/random-batches.js';
import { avroName, decodeEvent, EVENT_SCHEMA, encodeEvent } from './index.js';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
const isLong = process.env.WEIR_LONG === '1';
t.comment(`WEIR_SEED=${seed}`);

let fixture: StoreFixture;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

/** Unicode of all planes, without lone surrogates: text of an event is UTF-8. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ maxLength, minLength: 1 }),
    fc.string({ maxLength, minLength: 1, unit: 'binary' }),
    fc.constantFrom(
      '\u2028',
      '\ufeffx',
      '\u0000',
      '"\\',
      '\u{1f600}\u200d',
      '\ufffd',
      '-0',
      'null',
    ),
  );

const MAX: Readonly<Partial<Record<FieldType, number>>> = {
  UInt8: 0xff,
  UInt32: 0xffff_ffff,
  'Nullable(UInt8)': 0xff,
  'Nullable(UInt16)': 0xffff,
  'Nullable(UInt32)': 0xffff_ffff,
  'Nullable(UInt64)': Number.MAX_SAFE_INTEGER - 1,
};

/** Years that DateTime64 knows, 1900 to 2299. */
const TIME_US = { min: -2_200_000_000_000_000, max: 10_400_000_000_000_000 };
const MAX_SAFE = Number.MAX_SAFE_INTEGER - 1;

function valueFor(field: number): fc.Arbitrary<FieldValue> {
  const { kind, type } = FIELDS[field] as (typeof FIELDS)[number];
  if (kind !== 'number') return text(30);
  if (IS_FLAG[field]) return fc.constantFrom(0, 1);
  if (type === 'DateTime64(6)')
    return fc
      .maxSafeInteger()
      .map((n) => n % Math.min(MAX_SAFE, n < 0 ? -TIME_US.min : TIME_US.max));
  if (type === 'Nullable(Float64)')
    return fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0 || 0);
  const max = MAX[type] as number;
  // 0 of a column that cannot be null is the same as absent, and so it is in OCSF.
  const min = type.startsWith('Nullable') ? 0 : 1;
  return fc.oneof(
    fc.integer({ min, max: 99 }),
    fc.constantFrom(min, max, max - 1),
    fc.maxSafeNat().map((n) => min + (n % max)),
  );
}

const key = fc.oneof(text(12), fc.constantFrom('__proto__', 'constructor', 'toString', '7', 'a.b'));

interface Input {
  readonly values: readonly (readonly [number, FieldValue])[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly raw: Uint8Array;
  readonly marks: readonly number[];
  readonly parser: number;
}

const input: fc.Arbitrary<Input> = fc.record({
  values: fc
    .uniqueArray(fc.nat(FIELDS.length - 1), { maxLength: 25 })
    .chain((fields) =>
      fc.tuple(...fields.map((field) => valueFor(field).map((value) => [field, value] as const))),
    ),
  pairs: fc.uniqueArray(fc.tuple(key, fc.oneof(text(20), fc.constant(''))), {
    maxLength: 5,
    selector: ([name]) => name,
  }),
  raw: fc.oneof(fc.uint8Array({ maxLength: 200 }), text(100).map(utf8)),
  marks: fc.array(fc.constantFrom(...Object.values(MARK)), { maxLength: 3 }),
  parser: fc.nat(1),
});

let epochCount = 7_000n;

function batchOf(inputs: readonly Input[]) {
  const rows = inputs.map(
    ({ values, pairs, raw, marks, parser }): RowInput => ({
      values: values.map(([field, value]) => [
        field,
        FIELDS[field]?.kind === 'span' ? utf8(value as string) : value,
      ]),
      pairs: pairs.map(([name, value]) => [utf8(name), utf8(value)]),
      ...{ raw, marks, parser, quarantine: 0, isSkipped: false, isFiltered: false },
      inScratch: parser === 1,
    }),
  );
  const epoch = ++epochCount;
  const { raw, events } = build(rows, epoch, 2 ** 52);
  const batch = { ...raw, receivedAtNs: SAMPLE_TIME_NS };
  return { batch, events: { ...events, raw: batch }, epoch };
}

/** The events as they went in, from the input alone where it says so. */
function eventsOf(inputs: readonly Input[], made: ReturnType<typeof batchOf>): CollectionEvent[] {
  return inputs.map(({ values, pairs }, row) => ({
    ...collectionEventOf(made.events, made.batch, row),
    fields: new Map(
      [...values]
        .sort(([a], [b]) => a - b)
        .map(([field, value]) => [FIELDS[field]?.path ?? '', value]),
    ),
    unmapped: new Map(pairs),
  }));
}

/** Comparable, whatever the order of keys. */
const plain = (event: CollectionEvent) => ({
  ...event,
  fields: [...event.fields].sort(byKey),
  unmapped: [...event.unmapped].sort(byKey),
  marks: [...event.marks],
  raw_data: Buffer.from(event.raw_data).toString('hex'),
});
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;

t.test('the schema has each field of the model once, under a name that Avro allows', (t) => {
  const names = EVENT_SCHEMA.fields.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  for (const spec of FIELDS) t.ok(names.includes(avroName(spec)), spec.path);
  t.ok(names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)));
  t.end();
});

t.test('an event comes back from a JSON line and from Avro', (t) => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 2, maxLength: 6 }), (inputs) => {
      const made = batchOf(inputs);
      const expected = eventsOf(inputs, made);
      const block = encodeNdjson(made.events, made.batch, null).events;
      const lines = Buffer.from(block?.bytes ?? [])
        .toString()
        .trimEnd()
        .split('\n');
      t.strictSame(
        lines.map((line) => plain(decodeEventLine(line))),
        expected.map(plain),
      );
      for (const event of expected)
        t.strictSame(plain(decodeEvent(encodeEvent(event))), plain(event));
    }),
    { seed, numRuns: isLong ? 5_000 : 300 },
  );
  t.end();
});

t.test('an event comes back from ClickHouse', async (t) => {
  const columns = PROFILES.full.columns;
  const model = fc.array(input, { minLength: 2, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(model, async (inputs) => {
      const made = batchOf(inputs);
      const block = encodeBatch(made.events, made.batch, null, 'full').events;
      const id = `collection-event-${made.epoch}`;
      await insertBlocks(
        fixture.store,
        tableNames().events,
        columns,
        [block?.bytes ?? new Uint8Array()],
        id,
      );
      const rows = await readRows(made.epoch);
      t.strictSame(rows.map(plain), eventsOf(inputs, made).map(plain));
    }),
    { seed, numRuns: isLong ? 200 : 20 },
  );
});

/** What the tables have of the events, by no code of the writer. */
async function readRows(epoch: bigint): Promise<CollectionEvent[]> {
  const texts = FIELDS.map(({ column, storage, type }, field) =>
    storage === 'attribute'
      ? `if(mapContains(attributes, '${column}'), hex(attributes['${column}']), NULL) AS f${field}`
      : type === 'String'
        ? `nullIf(hex(${column}), '') AS f${field}`
        : type === 'DateTime64(6)'
          ? `toUnixTimestamp64Micro(${column}) AS f${field}`
          : type.startsWith('Nullable')
            ? `${column} AS f${field}`
            : `nullIf(${column}, 0) AS f${field}`,
  );
  const rows = await fixture.store.query<Record<string, string | number | null | string[]>>(
    'SELECT tenant_id, stream, epoch, seq, source, source_seq, parser, parser_version, marks, ' +
      'toUnixTimestamp64Micro(ingest_time) AS ingest_us, hex(raw_data) AS raw, ' +
      'arrayMap(k -> hex(k), mapKeys(unmapped)) AS names, ' +
      `arrayMap(v -> hex(v), mapValues(unmapped)) AS texts, ${texts.join(', ')} ` +
      `FROM dev.events WHERE epoch = ${epoch} ORDER BY seq`,
  );
  return rows.map((row) => ({
    tenant_id: String(row.tenant_id),
    stream: String(row.stream),
    epoch: String(row.epoch),
    seq: Number(row.seq),
    source: String(row.source),
    source_seq: Number(row.source_seq),
    ingest_time: Number(row.ingest_us),
    parser: String(row.parser),
    parser_version: String(row.parser_version),
    marks: row.marks as string[],
    fields: fieldsOf(row),
    unmapped: new Map(
      (row.names as string[]).map((name, i) => [
        unhex(name),
        unhex((row.texts as string[])[i] ?? ''),
      ]),
    ),
    raw_data: Buffer.from(String(row.raw), 'hex'),
  }));
}

const unhex = (digits: string): string => Buffer.from(digits, 'hex').toString();

function fieldsOf(row: Readonly<Record<string, unknown>>): Map<string, FieldValue> {
  const fields = new Map<string, FieldValue>();
  FIELDS.forEach(({ path, type, storage }, field) => {
    const value = row[`f${field}`];
    if (value === null) return;
    // The store has the time of receipt for an event that names none.
    if (field === FIELD.time && value === row.ingest_us) return;
    const shown = storage === 'attribute' ? unhex(String(value)) : String(value);
    if (type === 'String') fields.set(path, storage === 'attribute' ? shown : unhex(shown));
    else if (storage === 'attribute' && type === 'DateTime64(6)')
      fields.set(path, Date.parse(`${shown.slice(0, -4)}Z`) * 1000 + Number(shown.slice(-4, -1)));
    else fields.set(path, Number(shown));
  });
  return fields;
}

/** The code of the error; null if the bytes are an event after all. */
function codeOf(decode: () => unknown): string | null {
  try {
    decode();
    return null;
  } catch (error) {
    return error instanceof WeirError ? error.code : `escaped: ${String(error)}`;
  }
}

const isTyped = (code: string | null): boolean => code === null || code === 'WEIR_EVENT_INVALID';

t.test('what is no event gives a typed error and nothing else', (t) => {
  const numRuns = isLong ? 20_000 : 1_500;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
      isTyped(codeOf(() => decodeEvent(bytes))),
    ),
    { seed, numRuns },
  );
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(3) });
  fc.assert(
    fc.property(input, change, (one, { at, byte, cut }) => {
      const made = batchOf([one, one]);
      const [event] = eventsOf([one, one], made);
      const bytes = new Uint8Array(encodeEvent(event as CollectionEvent));
      bytes[at % bytes.length] = byte;
      const part = cut === 0 ? bytes.subarray(0, at % bytes.length) : bytes;
      const line = Buffer.from(encodeNdjson(made.events, made.batch, null).events?.bytes ?? []);
      line[at % line.length] = byte;
      const lineText = line.toString().split('\n')[0] ?? '';
      return (
        isTyped(codeOf(() => decodeEvent(part))) && isTyped(codeOf(() => decodeEventLine(lineText)))
      );
    }),
    { seed, numRuns },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) =>
      isTyped(codeOf(() => decodeEventLine(line))),
    ),
    { seed, numRuns },
  );
  // A count that no bytes follow must not be believed: of marks, of a text.
  const count = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  for (const zeros of [0, 9]) {
    const bytes = Uint8Array.from([...new Array<number>(zeros).fill(0), ...count]);
    t.equal(
      codeOf(() => decodeEvent(bytes)),
      'WEIR_EVENT_INVALID',
    );
  }
  t.end();
});

t.test('a broken block gives a typed error of the store', async (t) => {
  const broken = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  const columns = PROFILES.full.columns;
  const insert = insertBlocks(fixture.store, tableNames().events, columns, [broken], 'broken');
  await t.rejects(insert, { code: 'WEIR_STORE_REJECTED' });
});
