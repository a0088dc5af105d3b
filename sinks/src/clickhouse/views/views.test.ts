// Scenario: random events, with some of the fields that the ECS mapping reads, are stored in the
//   real engine and read through v_ecs and v_otel_logs.
// Guarantees: v_ecs shows what ecsOf (`weir parse --schema ecs`) shows, field by field; v_otel_logs
//   has the same fields as attributes, and nothing that the event has not.
import {
  allocateBytes,
  ColumnWriter,
  ECS_FIELDS,
  EventRow,
  ecsOf,
  FIELD_BY_PATH,
  FIELDS,
  type SequencedBatch,
} from '@weir/pipeline';
import { SimRandom } from '@weir/pipeline/testing';
import t from 'tap';
import { insertBlocks } from '../loader/statements.js';
import { encodeBatch } from '../native/index.js';
import { PROFILES } from '../store/profiles.js';
import { tableNames } from '../store/tables.js';
import { storeFixture } from '../testing/fixture.js';
import { SAMPLE_TIME_NS } from '../testing/sample-batches.js';

const SEED = Number(process.env.WEIR_SEED ?? 20_261_130);
const EVENT_COUNT = 400;
const TEXTS = [
  'a',
  'Alice',
  'C:\\Windows\\System32\\cmd.exe',
  '/usr/bin/id',
  "it's",
  '6',
  'x\\',
  '1e3',
];
const paths = [
  ...new Set([
    ...ECS_FIELDS.flatMap(({ sources }) => sources.map(({ path }) => path)),
    'class_uid',
    'category_uid',
    'severity_id',
    'type_uid',
  ]),
];

function randomBatch(random: () => number): SequencedBatch {
  const bytes = allocateBytes(EVENT_COUNT);
  bytes.fill(0x61);
  return {
    tenant: 'default',
    stream: 'node/views/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: SAMPLE_TIME_NS,
    eventCount: EVENT_COUNT,
    bytes,
    offsets: Uint32Array.from({ length: EVENT_COUNT + 1 }, (_, i) => i),
    marks: new Uint32Array(0),
    runs: [{ eventCount: EVENT_COUNT, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch: BigInt(1 + Math.floor(random() * 1e6)),
    seqFirst: 0,
  };
}

function writeRandom(writer: ColumnWriter, row: number, random: () => number): void {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (const path of paths) {
    if (random() < 0.6) continue;
    const field = FIELD_BY_PATH.get(path) ?? -1;
    const { kind, type } = FIELDS[field] as (typeof FIELDS)[number];
    if (path === 'class_uid') writer.number(row, field, pick([0, 1007, 3002, 4001, 2004]));
    else if (path === 'type_uid') writer.number(row, field, pick([100701, 100703, 300201]));
    else if (type === 'DateTime64(6)')
      writer.number(row, field, 1_700_000_000_000_000 + Math.floor(random() * 1e12));
    else if (kind === 'number') writer.number(row, field, pick([0, 1, 2, 4, 6, 17, 99]));
    else if (kind === 'code') writer.code(row, field, pick(TEXTS));
    else writer.text(row, field, pick(TEXTS));
  }
}

type Flat = Record<string, string>;

/** By dotted name, as text; absent is left out. */
function flat(value: unknown, prefix = '', out: Flat = {}): Flat {
  if (Array.isArray(value)) out[prefix] = value.join(',');
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      flat(inner, prefix === '' ? key : `${prefix}.${key}`, out);
  else if (value !== null && value !== undefined && value !== '') out[prefix] = String(value);
  return out;
}

/** A row of a view as JSON: times without zone, numbers as text or not. */
function shown(row: Record<string, unknown>): Flat {
  const times = new Set(ECS_FIELDS.filter(({ type }) => type === 'time').map(({ name }) => name));
  const result: Flat = {};
  for (const [key, value] of Object.entries(row)) {
    if (value === null || value === '') continue;
    result[key] = times.has(key) ? `${String(value).replace(' ', 'T')}Z` : String(value);
  }
  return result;
}

t.test(`views show what ecsOf shows, seed ${SEED}`, async (t) => {
  const fixture = await storeFixture();
  t.teardown(() => fixture.end());
  const source = new SimRandom(SEED);
  const random = (): number => source.u32() / 2 ** 32;
  const batch = randomBatch(random);
  const writer = new ColumnWriter();
  writer.begin(batch, [{ name: 'syslog_5424', version: '1' }]);
  for (let row = 0; row < EVENT_COUNT; row++) {
    writer.openRow(row);
    writeRandom(writer, row, random);
    // The store fills in the time of receipt; parse prints none.
    writer.number(row, FIELD_BY_PATH.get('time') ?? -1, 1_772_366_400_123_456);
  }
  const events = writer.finish();
  const blocks = [encodeBatch(events, batch, null, 'full').events?.bytes ?? new Uint8Array(0)];
  await insertBlocks(fixture.store, tableNames().events, PROFILES.full.columns, blocks, 'views');
  const names = [...new Set(ECS_FIELDS.map(({ name }) => name)), 'event.kind', 'event.category'];
  const columns = names.map((name) => `\`${name}\``).join(', ');
  const rows = await fixture.store.query<Record<string, unknown>>(
    `SELECT ${columns}, \`log.syslog.priority\`, \`log.syslog.msgid\`, \`ecs.version\`, ` +
      '`event.original` FROM dev.v_ecs ORDER BY seq',
  );
  t.equal(rows.length, EVENT_COUNT);
  const logs = await fixture.store.query<{ LogAttributes: Record<string, string> }>(
    'SELECT * FROM dev.v_otel_logs ORDER BY seq',
  );
  const row = new EventRow(events, 0);
  let fieldCount = 0;
  for (let i = 0; i < EVENT_COUNT; i++) {
    const { weir: _, ...ecs } = ecsOf(row.move(i).parts());
    const wanted = flat(ecs);
    fieldCount += Object.keys(wanted).length;
    const found = shown(rows[i] ?? {});
    if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(wanted)))
      t.strictSame(sorted(found), sorted(wanted), `event ${i}`);
    const attributes = logs[i]?.LogAttributes ?? {};
    const missing = names.filter(
      (name) =>
        wanted[name] !== undefined &&
        attributes[name] === undefined &&
        !['@timestamp', 'message', 'event.kind', 'event.category'].includes(name),
    );
    if (missing.length > 0) t.strictSame(missing, [], `event ${i}: attributes`);
  }
  t.ok(fieldCount > 20 * EVENT_COUNT, `${fieldCount} fields compared`);
});

const sorted = (flatEvent: Flat): [string, string][] =>
  Object.entries(flatEvent).sort(([a], [b]) => (a < b ? -1 : 1));
