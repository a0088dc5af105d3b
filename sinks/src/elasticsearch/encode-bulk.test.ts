// Scenario: random batches become documents, in ECS and OCSF.
// Guarantees: two lines of JSON a row in a request; a document is that of its row and has a
//   timestamp; ids are unique among streams, epochs and numbers, and the same each time.
import { deepStrictEqual, match } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { encodeNdjson } from '../ndjson/index.js';
import { anyBytes, build, rowOf } from '../ndjson/testing/random-batches.js';
import { bulkBody, encodeBulk, indexName } from './encode-bulk.js';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
t.comment(`WEIR_SEED=${seed}`);

interface Document {
  readonly action: { readonly create: { readonly _index: string; readonly _id: string } };
  readonly source: Record<string, unknown>;
}

function documentsOf(bytes: Uint8Array | undefined): Document[] {
  if (bytes === undefined) return [];
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bulkBody([bytes]));
  const lines = text.split('\n').slice(0, -1);
  return Array.from({ length: lines.length / 2 }, (_, i) => ({
    action: JSON.parse(lines[2 * i] as string),
    source: JSON.parse(lines[2 * i + 1] as string),
  }));
}

for (const event of ['ecs', 'ocsf'] as const)
  t.test(event, async (t) => {
    const property = fc.property(
      fc.array(rowOf(anyBytes), { minLength: 1, maxLength: 12 }),
      (rows) => {
        const { raw, events } = build(rows, 77n, 1_000);
        const skip = Float64Array.from(rows.flatMap((r, i) => (r.isSkipped ? [1_000 + i] : [])));
        const plain = encodeNdjson(events, raw, skip);
        const encoded = encodeBulk(events, raw, skip, { event, index: 'w-{tenant}-{date}' });
        deepStrictEqual({ ...encoded, events: null }, { ...plain, events: null });
        const lines = new TextDecoder().decode(plain.events?.bytes).split('\n').slice(0, -1);
        const found = documentsOf(encoded.events?.bytes);
        deepStrictEqual(found.length, lines.length);
        found.forEach(({ action, source }, i) => {
          const wanted = JSON.parse(lines[i] as string);
          deepStrictEqual(action.create._index, 'w-ac_me-2026.03.01');
          match(action.create._id, new RegExp(`^[A-Za-z0-9_-]{16}-${wanted.seq}$`));
          const { '@timestamp': time, ...rest } = source;
          deepStrictEqual(time, wanted.time ?? wanted.ingest_time);
          if (event === 'ocsf') deepStrictEqual(rest, wanted);
          else {
            const { seq, epoch, stream } = source.weir as Record<string, unknown>;
            deepStrictEqual([seq, epoch, stream], [wanted.seq, '77', wanted.stream]);
            const { original } = source.event as Record<string, unknown>;
            deepStrictEqual(original, wanted.raw_data);
          }
        });
      },
    );
    fc.assert(property, { seed, numRuns: 40 });
    t.pass('every document');
  });

t.test('ids', async (t) => {
  const [row] = fc.sample(rowOf(anyBytes), { numRuns: 1, seed: 3 });
  if (row === undefined) return;
  const plainRow = { ...row, quarantine: 0, isFiltered: false };
  const idOf = (change: object, seqFirst = 5): string | undefined => {
    const { raw, events } = build([plainRow], 77n, seqFirst);
    const changed = { ...raw, ...change };
    const { events: block } = encodeBulk({ ...events, raw: changed }, changed, null, {
      event: 'ocsf',
      index: 'x',
    });
    return documentsOf(block?.bytes)[0]?.action.create._id;
  };
  t.equal(idOf({}), idOf({ receivedAtNs: 5n }), 'of the identity alone');
  const others = [{}, { tenant: 'b' }, { stream: 'b' }, { epoch: 78n }].map((c) => idOf(c));
  t.equal(new Set([...others, idOf({}, 6)]).size, 5);
});

t.test('names of indexes', async (t) => {
  const name = (pattern: string) => indexName(pattern, 'ACME Corp/$&', '2026-03-01T23:59:59.9Z');
  t.equal(name('logs-weir-default'), 'logs-weir-default');
  t.equal(name('weir-{tenant}-{month}'), 'weir-acme_corp___-2026.03');
});
