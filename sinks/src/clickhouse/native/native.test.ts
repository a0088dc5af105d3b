// Scenario: random batches are encoded, inserted into the real engine and read back.
// Guarantees: every column comes back as it went in: spans in bytes and scratch, bytes that are not
// UTF-8, absent against 0, numbers up to 2^53, sparse marks and unmapped keys, skipped rows.
import { type EventBatch, FIELDS, MARK } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { insertBlocks } from '../loader/statements.js';
import { applyMigrations, STORE_PROFILES, tableNames } from '../store/index.js';
import { PROFILES, QUARANTINE_COLUMNS } from '../store/profiles.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { build, expected, row, SELECT } from '../testing/random-batches.js';
import { encodeBatch } from './encode-batch.js';

let fixture: StoreFixture;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
const numRuns = process.env.WEIR_LONG === '1' ? 300 : 25;
t.comment(`WEIR_SEED=${seed}`);

t.test('batches come back as they went in', async (t) => {
  let epoch = 0n;
  const tables = tableNames();
  const property = fc.asyncProperty(
    fc.array(row, { minLength: 1, maxLength: 40 }),
    fc.array(row, { minLength: 1, maxLength: 10 }),
    async (first, second) => {
      epoch++;
      const eventBlocks: Uint8Array[] = [];
      const quarantineBlocks: Uint8Array[] = [];
      const wanted = [];
      let quarantineCount = 0;
      // Two blocks in one INSERT; the second of another stream, and so with other columns.
      for (const rows of [first, second]) {
        const { batch, events } = build(rows, rows === first ? epoch : epoch + 1_000_000n);
        const skip = rows.flatMap((input, i) => (input.skip ? [batch.seqFirst + i] : []));
        const encoded = encodeBatch(events, batch, Float64Array.from(skip), 'full');
        if (encoded.events !== null) eventBlocks.push(encoded.events.bytes);
        if (encoded.quarantine !== null) {
          quarantineBlocks.push(encoded.quarantine.bytes);
          quarantineCount += encoded.quarantine.rowCount;
        }
        wanted.push(expected(rows, events, batch));
        const quarantined = rows.flatMap((input, i) =>
          input.quarantine === 0 ? [] : [batch.seqFirst + i],
        );
        t.strictSame([...encoded.quarantinedSeqs], quarantined);
      }
      const { columns } = PROFILES.full;
      await insertBlocks(fixture.store, tables.events, columns, eventBlocks, `e${epoch}`);
      await insertBlocks(
        fixture.store,
        tables.quarantine,
        QUARANTINE_COLUMNS,
        quarantineBlocks,
        `q${epoch}`,
      );
      for (const [i, of] of [epoch, epoch + 1_000_000n].entries()) {
        const found = await fixture.store.query(SELECT, { epoch: String(of) });
        if (JSON.stringify(found) !== JSON.stringify(wanted[i]))
          t.strictSame(found, wanted[i], `epoch ${of}`);
        if (JSON.stringify(found) !== JSON.stringify(wanted[i])) return false;
      }
      const [count] = await fixture.store.query<{ count: string }>(
        'SELECT count() AS count FROM dev.quarantine WHERE epoch IN ({a:UInt64}, {b:UInt64})',
        { a: String(epoch), b: String(epoch + 1_000_000n) },
      );
      return Number(count?.count) === quarantineCount;
    },
  );
  await fc.assert(property, { seed, numRuns, endOnFailure: true });
});

t.test('quarantine keeps bytes, reason, offset and original length', async (t) => {
  const { batch, events } = build(
    [1, 2].map(() => ({
      raw: new TextEncoder().encode('cut off'),
      message: null,
      inScratch: false,
      port: null,
      bytesIn: null,
      severity: null,
      timeUs: null,
      vendor: 0,
      pairs: [],
      marks: [],
      quarantine: MARK.oversize,
      skip: false,
      partial: false,
    })),
    77_000_000n,
  );
  const marks = Uint32Array.from([0, MARK.oversize, 90_000]);
  const own: EventBatch = {
    ...events,
    raw: { ...batch, marks },
    marks: Uint32Array.from([...marks, 1, MARK.parse_error, 3]),
    quarantine: Uint8Array.from([MARK.oversize, MARK.parse_error]),
  };
  const encoded = encodeBatch(own, batch, null, 'full');
  t.equal(encoded.events, null);
  t.same(encoded.quarantinedByReason, { oversize: 1, parse_error: 1 });
  const block = encoded.quarantine?.bytes ?? new Uint8Array(0);
  t.equal(block.byteOffset, 0, 'the block begins where its buffer does: it is moved, not copied');
  await insertBlocks(fixture.store, tableNames().quarantine, QUARANTINE_COLUMNS, [block], 'q');
  const rows = await fixture.store.query(
    'SELECT reason, failed_offset, original_bytes, raw_data, superseded FROM dev.quarantine ' +
      'WHERE epoch = 77000000 ORDER BY seq',
  );
  t.same(rows, [
    {
      reason: 'oversize',
      failed_offset: 7,
      original_bytes: 90_000,
      raw_data: 'cut off',
      superseded: 0,
    },
    {
      reason: 'parse_error',
      failed_offset: 3,
      original_bytes: 7,
      raw_data: 'cut off',
      superseded: 0,
    },
  ]);
});

/** Types as they are on the wire. */
async function typesOf(table: string): Promise<Map<string, string>> {
  const rows = await fixture.store.query<{ name: string; type: string }>(
    'SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}',
    { database: table.split('.')[0], table: table.split('.')[1] },
  );
  return new Map(
    rows.map(({ name, type }) => [
      name,
      type.replace('LowCardinality(String)', 'String').replace(", 'UTC'", ''),
    ]),
  );
}

t.test('the tables have a column for every field of the schema', async (t) => {
  const types = await typesOf('dev.events');
  for (const { column, storage, type } of FIELDS)
    if (storage === 'column') t.equal(types.get(column), type, column);
  t.equal(types.get('attributes'), types.get('unmapped'), 'all other fields are in a Map');
});

t.test('a table has the columns of its profile, with the same types in each', async (t) => {
  const full = await typesOf('dev.events');
  for (const profile of STORE_PROFILES) {
    await applyMigrations(fixture.store, { eventsTable: `${profile}.events`, profile });
    const types = await typesOf(`${profile}.events`);
    t.same([...types.keys()].sort(), [...PROFILES[profile].columns].sort(), profile);
    for (const [name, type] of types) t.equal(type, full.get(name), `${profile} ${name}`);
  }
});

t.test('a slim block has the rows of a full one, in fewer columns', async (t) => {
  await applyMigrations(fixture.store, { eventsTable: 'slim.events', profile: 'slim' });
  const [first] = fc.sample(fc.array(row, { minLength: 40, maxLength: 40 }), { seed, numRuns: 1 });
  const rows = (first ?? []).map((input) => ({ ...input, skip: false }));
  const { batch, events } = build(rows, 88_000_000n);
  const names = PROFILES.slim.columns.map((name) => (name === 'raw_data' ? 'hex(raw_data)' : name));
  const found: unknown[] = [];
  for (const profile of STORE_PROFILES) {
    const { events: block, ...rest } = encodeBatch(events, batch, null, profile);
    const table = profile === 'full' ? 'dev.events' : 'slim.events';
    const { columns } = PROFILES[profile];
    const blocks = block === null ? [] : [block.bytes];
    await insertBlocks(fixture.store, table, columns, blocks, `slim-${profile}`);
    found.push({
      rows: await fixture.store.query(
        `SELECT ${names.join(', ')} FROM ${table} WHERE epoch = 88000000 ORDER BY seq`,
      ),
      rest,
    });
  }
  t.ok(JSON.stringify(found[0]).includes('stream'), 'there are rows');
  t.strictSame(found[1], found[0]);
});
