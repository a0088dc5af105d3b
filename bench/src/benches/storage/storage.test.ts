// Scenario: the bench of the storage schema in its small size, against its own store and against a
// server; and with a variant planted whose key loses events.
// Guarantees: every variant holds the same events, and the bench fails where one does not; keys
// that a new parser would break are told from those that keep the identity; the same seed computes
// the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore, startEmbeddedStore } from '@weir/sinks/clickhouse';
import t from 'tap';
import type { BenchOptions } from '../../bench.js';
import { runMain, smallBench } from '../../test-bench.js';
import { QUERIES } from './queries.js';
import { checkSameContent, run } from './storage.js';
import { VARIANTS } from './variants.js';

const OPTIONS: BenchOptions = {
  ...{ small: true, long: false, seed: 1, runs: 1, seconds: null, rate: null, lines: 'mixed' },
  ...{ count: 1_000, variants: null, settle: false, peersDirectory: null },
  ...{ fsyncIntervalsMs: null, svgFile: null, profileDirectory: null, say: () => undefined },
};

t.test('its own store', async (t) => {
  const names = ['default_lz4', 'addresses_bloom', 'key_time'];
  const { facts, measures, hash } = await smallBench('storage', '--variants', names.join(','));
  t.match(facts, { events: 4_000, engine: /^embedded / });
  t.match(facts.allVariantsHold, /^4000 rows, 4000 numbers, [0-9A-F]+$/);
  const rows = facts.table as string[];
  t.equal(rows.length, names.length + 2, 'a head, the present schema, the variants');
  t.match(rows[1], /^present .*yes$/);
  t.match(rows.at(-1), /^key_time .*not of a new parser$/);
  for (const name of ['present', ...names]) {
    t.ok((measures[`${name}BytesPerEvent`]?.median ?? 0) > 0);
    for (const query of QUERIES)
      t.ok((measures[`${name}_${query.name}RowsRead`]?.median ?? 0) > 0, `${name} ${query.name}`);
  }
  const bytes = (name: string): number => measures[`${name}BytesPerEvent`]?.median ?? 0;
  t.ok(bytes('present') < bytes('default_lz4'), 'ZSTD packs closer than LZ4');
  t.equal(measures.presentIndexBytesPerEvent?.unit, 'B');
  const again = await run({ ...OPTIONS, count: 4_000, variants: [] }, VARIANTS);
  t.equal(again.hash, hash, 'the same seed computes the same');
});

t.test('a server', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-test-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startEmbeddedStore({ directory, log: () => undefined });
  t.teardown(() => server.stop());
  const store = createStore({ url: server.url });
  t.teardown(() => store.close());
  process.env.CLICKHOUSE_URL = server.url;
  t.teardown(() => void delete process.env.CLICKHOUSE_URL);
  const { facts, measures } = await run({ ...OPTIONS, variants: ['raw_lz4'] }, VARIANTS);
  t.match(facts.engine, /^server /);
  t.ok((measures.raw_lz4MergedCpuSecondsPerMillion?.values[0] ?? 0) > 0);
  const left = await store.query("SELECT name FROM system.databases WHERE name LIKE 'weir_bench%'");
  t.same(left, [], 'nothing stays on the server');
});

t.test('a key that takes different events for one is found out', async (t) => {
  const planted = { name: 'planted', changes: () => [], orderBy: '(tenant_id, class_uid)' };
  await t.rejects(run(OPTIONS, [...VARIANTS.slice(0, 1), planted]), {
    message: /not every variant holds the same events: 1000 rows.* but planted has \d+ rows/,
  });
  t.throws(() => checkSameContent('1 rows', new Map([['other', '2 rows']])), /other has 2 rows/);
});

t.test('wrong usage', async (t) => {
  for (const args of [
    ['--variants', 'none'],
    ['--count', '999'],
  ])
    await t.rejects(runMain('storage', ...args), { code: 2 }, args.join(' '));
});
