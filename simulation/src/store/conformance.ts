// What the loader relies on in a store, as checks that the model and the real engine both pass.
// Each check works on an epoch of its own, so that one store serves all.
import { allocateBytes, type EventBatch, FIELD, MARK, type SequencedBatch } from '@weir/pipeline';
import { SimClock } from '@weir/pipeline/testing';
import {
  Anchors,
  encodeBatch,
  INSERT_SETTINGS,
  insertBlocks,
  insertDispositions,
  insertLedger,
  ledgerOutcomes,
  Outcome,
  readAnchors,
  readBack,
  readLedger,
  type Store,
  type TreeCheckpoint,
  tableNames,
} from '@weir/sinks/clickhouse';
import type t from 'tap';

type Test = typeof t;

export interface StoreUnderTest {
  readonly store: Store;
  /** As the loader is given it: ends what runs. */
  fence(queryIdPrefix: string): Promise<void>;
  /** An end without warning, and a start. */
  kill(): Promise<void>;
  /**
   * Sends an INSERT whose engine is killed at about the moment of its commit. Whether it landed is
   * open; the reply, if there is one, is not.
   */
  killDuring(insert: () => Promise<void>): Promise<'replied' | 'no reply'>;
  /** Physical rows by number, duplicates included. */
  rowsOf(table: 'events' | 'quarantine', epoch: bigint): Promise<number[]>;
  /** Bytes of one row, one character a byte. */
  rawOf(epoch: bigint, seq: number): Promise<string>;
}

const tables = tableNames();
const TENANT = "de'fault\\";
const STREAM = 'node/li"s\'t\\ener/0';
const US_PER_DAY = 86_400_000_000;

interface BatchOptions {
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly texts: readonly string[];
  readonly ingestUs: number;
  readonly retentionClass?: string;
  readonly dispositions?: SequencedBatch['dispositions'];
}

function batchOf(options: BatchOptions): SequencedBatch {
  const parts = options.texts.map((text) => Buffer.from(text, 'latin1'));
  const bytes = allocateBytes(parts.reduce((sum, part) => sum + part.length, 0));
  const offsets = new Uint32Array(parts.length + 1);
  parts.forEach((part, i) => {
    bytes.set(part, offsets[i]);
    offsets[i + 1] = (offsets[i] ?? 0) + part.length;
  });
  const eventCount = parts.length;
  return {
    tenant: TENANT,
    stream: STREAM,
    epoch: options.epoch,
    seqFirst: options.seqFirst,
    retentionClass: options.retentionClass ?? 'default',
    format: 'syslog',
    receivedAtNs: BigInt(options.ingestUs) * 1000n,
    eventCount,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount, source: '192.0.2.1', sourceSeqFirst: 7, context: '' }],
    requestParts: [],
    dispositions: options.dispositions ?? [],
  };
}

/** Texts that begin with `bad` go to quarantine. */
function encoded(batch: SequencedBatch) {
  const { eventCount, offsets } = batch;
  const spans = new Uint32Array(eventCount * 2);
  const quarantine = new Uint8Array(eventCount);
  for (let row = 0; row < eventCount; row++) {
    spans.set([offsets[row] ?? 0, offsets[row + 1] ?? 0], row * 2);
    const head = Buffer.from(batch.bytes.subarray(offsets[row], (offsets[row] ?? 0) + 3));
    if (head.toString('latin1') === 'bad') quarantine[row] = MARK.parse_error;
  }
  const events: EventBatch = {
    raw: batch,
    scratch: new Uint8Array(0),
    status: new Uint8Array(eventCount),
    columns: [{ kind: 'span', field: FIELD.message, spans }],
    unmapped: new Uint32Array(0),
    marks: new Uint32Array(0),
    quarantine,
    parserIndex: new Uint8Array(eventCount),
    parsers: [{ name: 'sample', version: '1' }],
  };
  return encodeBatch(events, batch, null, 'slim');
}

const headOf = (batch: SequencedBatch) => ({
  ...batch,
  position: { segmentId: 1, frameNo: 0 },
  ingestUs: Number(batch.receivedAtNs / 1000n),
  byteCount: batch.bytes.length,
});

const IDENTITY =
  'tenant_id stream epoch seq source source_seq ingest_time retention_class parser parser_version';
const OTHERS = {
  events: 'status time raw_data',
  quarantine: 'reason failed_offset original_bytes raw_data',
};
const columnsOf = (table: 'events' | 'quarantine'): string[] =>
  `${IDENTITY} ${OTHERS[table]}`.split(' ');

let statementCount = 0;
async function insert(
  store: Store,
  table: 'events' | 'quarantine',
  batches: readonly SequencedBatch[],
): Promise<void> {
  const blocks = batches
    .map((batch) => encoded(batch)[table]?.bytes)
    .filter((block) => block !== undefined);
  await insertBlocks(
    store,
    tables[table],
    columnsOf(table),
    blocks,
    `weir-conformance-${statementCount++}`,
  );
}

/** `factory` makes a fresh store with all tables of the slim profile; `nowUs` is its clock. */
export function storeConformance(
  t: Test,
  name: string,
  nowUs: number,
  factory: () => Promise<StoreUnderTest>,
): void {
  t.test(`store conformance: ${name}`, async (t) => {
    const under = await factory();
    const { store } = under;
    const base = Math.floor(nowUs / US_PER_DAY) * US_PER_DAY - 2 * US_PER_DAY;
    const range = (epoch: bigint, seqFirst: number, seqLast: number) => ({
      tenant: TENANT,
      stream: STREAM,
      epoch: String(epoch),
      seqFirst,
      seqLast,
    });
    const landedAt = async (
      epoch: bigint,
      seqFirst: number,
      seqLast: number,
      usFirst = base,
      usLast = base + 9 * US_PER_DAY,
    ) => {
      const landed = await readBack(
        store,
        tables,
        [range(epoch, seqFirst, seqLast)],
        usFirst,
        usLast,
      );
      const [found] = [...landed.streams()];
      const sorted = (seqs: Iterable<number> = []): number[] => [...seqs].sort((a, b) => a - b);
      return { events: sorted(found?.events), quarantine: sorted(found?.quarantine) };
    };

    await t.test(
      'rows go to their tables byte for byte, and are read back by identity',
      async (t) => {
        const texts = ['one', 'bad \xff\x00two', '\x80\n three \'"\\', ''];
        const batch = batchOf({ epoch: 11n, seqFirst: 5, texts, ingestUs: base });
        await insert(store, 'events', [batch]);
        await insert(store, 'quarantine', [batch]);
        t.same(await landedAt(11n, 0, 100), { events: [5, 7, 8], quarantine: [6] });
        t.same(await landedAt(11n, 6, 7), { events: [7], quarantine: [6] });
        t.same(
          await landedAt(11n, 0, 100, base + 1),
          { events: [], quarantine: [] },
          'time bounds',
        );
        t.same(await landedAt(12n, 0, 100), { events: [], quarantine: [] }, 'another epoch');
        for (const [i, text] of texts.entries()) t.equal(await under.rawOf(11n, 5 + i), text);
      },
    );

    await t.test('a batch that is sent again stands there twice, until a merge', async (t) => {
      const batch = batchOf({ epoch: 13n, seqFirst: 0, texts: ['a', 'b'], ingestUs: base });
      await insert(store, 'events', [batch]);
      await insert(store, 'events', [batch]);
      const rows = await under.rowsOf('events', 13n);
      t.equal(new Set(rows).size, 2);
      t.ok(rows.length === 4 || rows.length === 2, 'a merge may have come already');
      t.same((await landedAt(13n, 0, 9)).events, [0, 1], 'each number once');
    });

    await t.test(
      'a token of an INSERT makes its repeat vanish, where it is asked for',
      async (t) => {
        const batch = batchOf({ epoch: 14n, seqFirst: 0, texts: ['a'], ingestUs: base });
        t.equal(INSERT_SETTINGS.insert_deduplicate, 0, 'the loader does not ask for it');
        t.equal((await under.rowsOf('events', 14n)).length, 0);
        await insert(store, 'events', [batch]);
        t.equal((await under.rowsOf('events', 14n)).length, 1);
      },
    );

    await t.test('an INSERT over several partitions', async (t) => {
      const batches = [0, 1, 2].map((day) =>
        batchOf({
          epoch: 15n,
          seqFirst: day * 2,
          texts: ['x', 'y'],
          ingestUs: base + day * US_PER_DAY,
          retentionClass: day === 2 ? 'long' : 'default',
        }),
      );
      await insert(store, 'events', batches);
      t.same((await landedAt(15n, 0, 9)).events, [0, 1, 2, 3, 4, 5]);
      t.same((await landedAt(15n, 0, 9, base, base)).events, [0, 1]);
    });

    await t.test('malformed blocks change nothing', async (t) => {
      const batch = batchOf({ epoch: 16n, seqFirst: 0, texts: ['abc', 'def'], ingestUs: base });
      const block = encoded(batch).events?.bytes as Uint8Array;
      await t.rejects(
        insertBlocks(
          store,
          tables.events,
          columnsOf('events'),
          [block.slice(0, block.length - 3)],
          'weir-conformance-cut',
        ),
      );
      t.same(await landedAt(16n, 0, 9), { events: [], quarantine: [] });
    });

    await t.test('the ledger: sets, kinds by precedence, gaps, refusals', async (t) => {
      const epoch = 17n;
      const note = async (
        dispositions: SequencedBatch['dispositions'],
        seqFirst: number,
        texts: string[],
      ) => {
        const batch = batchOf({ epoch, seqFirst, texts, ingestUs: base, dispositions });
        const head = headOf(batch);
        const entry = { head, encoded: encoded(batch) };
        await insertDispositions(store, tables, [entry], `weir-conformance-d${statementCount++}`);
        const outcome = new Outcome();
        outcome.addBatch(entry, null);
        await insertLedger(store, tables, outcome, `weir-conformance-l${statementCount++}`);
      };
      for (let again = 0; again < 2; again++) {
        await note([], 0, ['a', 'bad b', 'c']);
        await note(
          [
            {
              kind: 'lost',
              cause: 'spool_corruption',
              seqRanges: [
                [1, 4],
                [65_534, 65_538],
              ],
              eventCount: 9,
            },
          ],
          3,
          [],
        );
      }
      for (const eventCount of [5, 9, 7])
        await note([{ kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount }], 3, []);
      const found = (await readLedger(store, tables)).find((entry) => entry.epoch === epoch);
      t.match(found, {
        tenant: TENANT,
        stream: STREAM,
        stored: 2,
        quarantined: 1,
        filtered: 0,
        lost: 7,
        seqMax: 65_538,
      });
      t.same(found?.missing, [[5, 65_533]]);
      t.same(found?.refused, { queue_full: 9 });
      const outcomes = new Map<string, readonly number[]>();
      const scope = { ownPrefix: 'node/', foreign: [] };
      for await (const list of ledgerOutcomes(store, tables, scope))
        for (const one of list) if (one.epoch === epoch) outcomes.set(one.kind, one.seqs);
      t.same(Object.fromEntries(outcomes), {
        stored: [0, 0, 2, 2],
        quarantined: [1, 1],
        lost: [1, 4, 65_534, 65_538],
      });
      for await (const _ of ledgerOutcomes(store, tables, { ...scope, ownPrefix: 'other/' }))
        t.fail('streams of others are not asked for');
    });

    await t.test('anchors: of a size on, of sizes that are named, and all forks', async (t) => {
      const nodeId = 'a0b1c2d3e4f5';
      const send = async (treeNumber: number, size: number, root: string): Promise<void> => {
        const note = `it's ${treeNumber}\\${size}\n${root}\n\n\u2014 name\n`;
        const checkpoint: TreeCheckpoint = { nodeId, treeNumber, size, root, note, state: '{}' };
        const clock = new SimClock();
        const parts = { store, tables, clock, timers: clock, latest: () => checkpoint };
        await new Anchors({ ...parts, log: t.fail }).finish(1);
      };
      for (const size of [5, 9, 12, 9, 20]) await send(1, size, `root ${size}`);
      await send(1, 5, 'another root');
      await send(2, 3, 'root of a later tree');
      const found = async (sizeMin: number, sizes: number[], node = nodeId) =>
        (await readAnchors(store, tables, node, { sizeMin, sizes })).map(
          ({ treeNumber, size, root }) => `${treeNumber}/${size} ${root}`,
        );
      const forks = ['1/5 another root', '1/5 root 5'];
      t.same(await found(12, []), [...forks, '1/12 root 12', '1/20 root 20']);
      t.same(await found(100, [9]), [...forks, '1/9 root 9']);
      t.equal((await found(0, [])).length, 6);
      t.same(await found(0, [], 'ffffffffffff'), []);
      const [{ note } = { note: '' }] = await readAnchors(store, tables, nodeId, {
        sizeMin: 20,
        sizes: [],
      }).then((rows) => rows.filter(({ size }) => size === 20));
      t.equal(note, "it's 1\\20\nroot 20\n\n\u2014 name\n");
    });

    await t.test('what was acknowledged is there after a kill', async (t) => {
      const batch = batchOf({
        epoch: 18n,
        seqFirst: 0,
        texts: ['kept', 'bad kept'],
        ingestUs: base,
      });
      await insert(store, 'events', [batch]);
      await insert(store, 'quarantine', [batch]);
      await under.kill();
      t.same(await landedAt(18n, 0, 9), { events: [0], quarantine: [1] });
    });

    await t.test(
      'kills around the commit: each partition is there whole or not at all',
      async (t) => {
        const outcomes = new Set<string>();
        for (let round = 0; round < 12; round++) {
          const epoch = BigInt(100 + round);
          const texts = Array.from({ length: 200 }, (_, i) => `row ${i}`);
          const batches = [0, 1].map((day) =>
            batchOf({ epoch, seqFirst: day * 200, texts, ingestUs: base + day * US_PER_DAY }),
          );
          const reply = await under.killDuring(() => insert(store, 'events', batches));
          await under.fence('weir-conformance-');
          const rows = await under.rowsOf('events', epoch);
          const here = [0, 1].map(
            (day) => rows.filter((seq) => Math.floor(seq / 200) === day).length,
          );
          for (const count of here) t.ok(count === 0 || count === 200, `round ${round}: ${here}`);
          if (reply === 'replied') t.same(here, [200, 200], 'a reply means that it is there');
          outcomes.add(`${reply} ${here}`);
          // And the loader's answer to it: read back, insert what is missing.
          const landed = await readBack(
            store,
            tables,
            [range(epoch, 0, 399)],
            base,
            base + 9 * US_PER_DAY,
          );
          const found = new Set([...landed.streams()].flatMap(({ events }) => [...events]));
          const missing = batches.filter((batch) => !found.has(batch.seqFirst));
          if (missing.length > 0) await insert(store, 'events', missing);
          t.same([...new Set(await under.rowsOf('events', epoch))].length, 400);
          t.equal((await under.rowsOf('events', epoch)).length, 400, 'none twice');
        }
        t.comment(`${name}: ${[...outcomes].join('; ')}`);
      },
    );

    await t.test('after the fence nothing that was sent before lands', async (t) => {
      const batch = batchOf({ epoch: 19n, seqFirst: 0, texts: ['late'], ingestUs: base });
      const sent = insert(store, 'events', [batch]).then(
        () => 'replied',
        () => 'no reply',
      );
      await under.fence('weir-conformance-');
      const rows = await under.rowsOf('events', 19n);
      const reply = await sent;
      t.same(await under.rowsOf('events', 19n), rows, 'nothing more');
      if (reply === 'replied') t.equal(rows.length, 1);
    });
  });
}
