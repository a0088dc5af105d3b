// Scenario: events of quarantine are requeued with a processor that takes them now, while every
// statement and every file operation in turn fails, before or after it took effect, and a new
// requeuer goes on as after a kill; rows that cannot or must not be taken lie between them.
// Guarantees: each event is in the events table once, under its first identity; ledger and tables
// agree at every moment that a check can see; what still fails stays, with today's reason; without
// the read-back the same kills give rows twice.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BatchProcessor,
  type Files,
  MARK,
  type SequencedBatch,
  WeirError,
} from '@weir/pipeline';
import { nodeFiles, nodeTimers } from '@weir/pipeline/node';
import type { ReceiptOutcome } from '@weir/spool';
import t from 'tap';
import { readLedger, verifyTables } from '../ledger/index.js';
import { embeddedFence } from '../loader/fence.js';
import { insertBlocks, insertLedger } from '../loader/statements.js';
import { encodeBatch } from '../native/index.js';
import { type Store, tableNames } from '../store/index.js';
import { PROFILES, QUARANTINE_COLUMNS } from '../store/profiles.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { sampleBatch, sampleEvents } from '../testing/sample-batches.js';
import { isRequeueOpen } from './intent.js';
import { type RequeueRequest, Requeuer, type RequeuerOptions } from './requeuer.js';
import { countQuarantine, readQuarantine } from './rows.js';

const tables = tableNames();
let fixture: StoreFixture;
let epochCount = 500n;
let runCount = 0;
t.before(async () => {
  fixture = await storeFixture();
  for (const name of ['events', 'quarantine', 'ledger'])
    await fixture.store.command(`SYSTEM STOP MERGES dev.${name}`);
});
t.teardown(() => fixture.end());

/** Rows as the loader leaves them: `bad ...` in quarantine, the rest in events, all in the ledger. */
async function load(batch: SequencedBatch): Promise<void> {
  const encoded = encodeBatch(sampleEvents(batch), batch, null, 'full');
  const quarantined = [...encoded.quarantinedSeqs];
  const { store } = fixture;
  const id = `load-${runCount++}`;
  const columns = PROFILES.full.columns;
  if (encoded.events !== null)
    await insertBlocks(store, tables.events, columns, [encoded.events.bytes], `${id}-e`);
  if (encoded.quarantine !== null)
    await insertBlocks(
      store,
      tables.quarantine,
      QUARANTINE_COLUMNS,
      [encoded.quarantine.bytes],
      `${id}-q`,
    );
  const stored: number[] = [];
  for (let seq = batch.seqFirst; seq < batch.seqFirst + batch.eventCount; seq++)
    if (!quarantined.includes(seq)) stored.push(seq);
  const { tenant, stream, epoch } = batch;
  const outcome = (kind: 'stored' | 'quarantined', seqs: number[]) => ({
    ...{ tenant, stream, epoch, kind },
    seqs: seqs.flatMap((seq) => [seq, seq]),
  });
  const ranges = [outcome('stored', stored), outcome('quarantined', quarantined)];
  await insertLedger(store, tables, { ranges }, `${id}-l`);
}

/** Today's parser takes what is not `bad worse ...`; `bad drop` is filtered. */
const fixed: BatchProcessor = {
  process: async (batch, skipSeqs) => {
    const events = sampleEvents(batch);
    for (let row = 0; row < batch.eventCount; row++) {
      const bytes = batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]);
      const text = Buffer.from(bytes).toString();
      events.quarantine[row] = text.startsWith('bad worse') ? MARK.missing_field : 0;
      if (bytes.length === 0) events.quarantine[row] = MARK.unsupported_type;
      if (text.startsWith('bad drop')) events.status[row] = 3;
      if (batch.marks[1] === MARK.oversize) throw new Error('a cut event was tried');
    }
    return encodeBatch(
      { ...events, parsers: [{ name: 'sample', version: '2' }] },
      batch,
      skipSeqs,
      'full',
    );
  },
};

interface Rig {
  readonly options: RequeuerOptions;
  readonly receipts: ReceiptOutcome[];
  readonly requeuer: Requeuer;
}

function rig(overrides: Partial<RequeuerOptions> = {}): Rig {
  const receipts: ReceiptOutcome[] = [];
  const options: RequeuerOptions = {
    store: fixture.store,
    tables,
    profile: 'full',
    fence: async () => undefined,
    files: nodeFiles(),
    timers: { ...nodeTimers, sleep: async () => undefined },
    intentDirectory: mkdtempSync(join(fixture.directory, 'intent-')),
    name: 'node',
    run: `r${runCount++}`,
    processorOf: () => fixed,
    noteReceipt: async (outcomes) => void receipts.push(...outcomes),
    isOurs: (stream) => stream.startsWith('node/'),
    log: () => undefined,
    ...overrides,
  };
  return { options, receipts, requeuer: new Requeuer(options) };
}

const requestOf = (epoch: bigint, more: Partial<RequeueRequest> = {}): RequeueRequest => ({
  filter: { source: `source-${epoch}` },
  pack: null,
  limit: null,
  isDryRun: false,
  ...more,
});

const never = new AbortController().signal;

/** Ten events, of which the odd ones are in quarantine, in two partitions. */
async function loadBad(texts?: readonly string[]): Promise<bigint> {
  const epoch = ++epochCount;
  const all =
    texts ?? Array.from({ length: 10 }, (_, i) => (i % 2 === 1 ? `bad ${i}` : `event ${i}`));
  for (const [part, retentionClass] of ['default', 'long'].entries()) {
    const batch = sampleBatch({ epoch, seqFirst: part * all.length, texts: all, retentionClass });
    const runs = [
      {
        eventCount: all.length,
        source: `source-${epoch}`,
        sourceSeqFirst: part * 50,
        context: 'c',
      },
    ];
    await load({ ...batch, runs });
  }
  return epoch;
}

async function eventsOf(epoch: bigint) {
  const [row] = await fixture.store.query<{ total: string; distinct: string }>(
    'SELECT count() AS total, uniqExact(seq) AS distinct FROM dev.events ' +
      'WHERE epoch = {epoch:UInt64}',
    { epoch: String(epoch) },
  );
  return row;
}

async function ledgerOf(epoch: bigint) {
  const ledger = await readLedger(fixture.store, tables);
  return ledger.find((entry) => entry.epoch === epoch);
}

async function problemsOf(epoch: bigint, isRequeueOpen = false): Promise<readonly string[]> {
  const { problems } = await verifyTables(fixture.store, tables, { isRequeueOpen });
  return problems.filter((problem) => problem.includes(`epoch ${epoch}:`));
}

t.test('rows enter the events table under their first identity', async (t) => {
  const epoch = await loadBad();
  const { requeuer, receipts, options } = rig();
  const dry = await requeuer.run(requestOf(epoch, { isDryRun: true }), never);
  t.match(dry, { tried: 10, requeued: 10, stillFailing: {}, isDryRun: true });
  t.match(await eventsOf(epoch), { total: '10' }, 'a dry run writes nothing');
  t.match(await requeuer.run(requestOf(epoch), never), { tried: 10, requeued: 10 });
  t.match(await eventsOf(epoch), { total: '20', distinct: '20' });
  const rows = await fixture.store.query(
    'SELECT tenant_id, stream, seq, source, source_seq, retention_class, parser_version, raw_data, ' +
      'ingest_time = (SELECT any(ingest_time) FROM dev.quarantine WHERE epoch = {epoch:UInt64}) ' +
      'AS same FROM dev.events WHERE epoch = {epoch:UInt64} AND seq IN (1, 13) ORDER BY seq',
    { epoch: String(epoch) },
  );
  t.same(rows, [
    {
      ...{ tenant_id: 'default', stream: 'node/syslog/0', seq: '1', source: `source-${epoch}` },
      ...{ source_seq: '1', retention_class: 'default', parser_version: '2', raw_data: 'bad 1' },
      same: 1,
    },
    {
      ...{ tenant_id: 'default', stream: 'node/syslog/0', seq: '13', source: `source-${epoch}` },
      ...{ source_seq: '53', retention_class: 'long', parser_version: '2', raw_data: 'bad 3' },
      same: 1,
    },
  ]);
  t.match(await ledgerOf(epoch), { stored: 20, quarantined: 0, requeued: 10, missing: [] });
  t.same(await problemsOf(epoch), []);
  t.match(receipts, [
    {
      kind: 'stored',
      seqs: [1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15, 17, 17, 19, 19],
    },
  ]);
  t.notOk(await isRequeueOpen(options.files, options.intentDirectory));
  t.match(await requeuer.run(requestOf(epoch), never), { tried: 0, requeued: 0 }, 'once');
  t.match(await countQuarantine(fixture.store, tables, { source: `source-${epoch}` }), {
    events: 0,
    superseded: 10,
  });
  const { streams } = await verifyTables(fixture.store, tables);
  t.match(
    streams.find((entry) => entry.epoch === epoch && entry.table === 'quarantine'),
    { superseded: 10, duplicates: 0, absent: 0, unaccounted: 0 },
  );
});

t.test('what still fails stays, with what today says of it', async (t) => {
  const epoch = await loadBad(['bad worse', 'bad fine', 'bad drop', 'event', 'bad worse']);
  const { requeuer } = rig();
  t.match(await requeuer.run(requestOf(epoch), never), {
    ...{ tried: 8, requeued: 2, filtered: 2 },
    stillFailing: { missing_field: 4 },
  });
  const left = await readQuarantine(
    fixture.store,
    tables,
    { source: `source-${epoch}` },
    { limit: 99 },
  );
  const shown = left.map(({ raw, reason, parserVersion, attempt, context, format }) =>
    [raw.toString(), reason, parserVersion, attempt, context, format].join(),
  );
  t.same(shown.sort(), [
    ...Array.from({ length: 2 }, () => 'bad drop,parse_error,1,0,c,syslog'),
    ...Array.from({ length: 4 }, () => 'bad worse,missing_field,2,1,c,syslog'),
  ]);
  t.match(await requeuer.run(requestOf(epoch), never), { tried: 6, requeued: 0 });
  t.same(await problemsOf(epoch), [], 'a row that was tried twice is no row twice');
  t.match(await ledgerOf(epoch), { stored: 4, quarantined: 6, requeued: 2 });
});

t.test('limit, and rows that must not be taken', async (t) => {
  const epoch = await loadBad();
  const { requeuer } = rig();
  t.match(await requeuer.run(requestOf(epoch, { limit: 3 }), never), { tried: 3, requeued: 3 });
  t.match(await rig({ isOurs: () => false }).requeuer.run(requestOf(epoch), never), {
    ...{ tried: 7, otherNodes: 7, requeued: 0 },
  });
  const unsettled = ++epochCount;
  const pending = sampleBatch({ epoch: unsettled, seqFirst: 0, texts: ['bad'] });
  const { quarantine } = encodeBatch(sampleEvents(pending), pending, null, 'full');
  const blocks = quarantine === null ? [] : [quarantine.bytes];
  await insertBlocks(fixture.store, tables.quarantine, QUARANTINE_COLUMNS, blocks, 'unsettled');
  const event = { tenant: 'default', stream: 'node/syslog/0', epoch: String(unsettled), seq: 0 };
  const request = requestOf(unsettled, { filter: { event } });
  t.match(await requeuer.run(request, never), { tried: 1, inFlight: 1, requeued: 0 });
});

t.test('a cut event is never made a whole one', async (t) => {
  const epoch = ++epochCount;
  const batch = sampleBatch({ epoch, seqFirst: 0, texts: ['bad cut'] });
  const marks = Uint32Array.from([0, MARK.oversize, 70_000]);
  const events = { ...sampleEvents(batch), marks, quarantine: Uint8Array.from([MARK.oversize]) };
  const { quarantine } = encodeBatch(events, batch, null, 'full');
  const blocks = quarantine === null ? [] : [quarantine.bytes];
  await insertBlocks(fixture.store, tables.quarantine, QUARANTINE_COLUMNS, blocks, 'cut');
  const id = { tenant: 'default', stream: batch.stream, epoch };
  const ranges = [{ ...id, kind: 'quarantined' as const, seqs: [0, 0] }];
  await insertLedger(fixture.store, tables, { ranges }, 'cut-ledger');
  const event = { tenant: 'default', stream: batch.stream, epoch: String(epoch), seq: 0 };
  const request = requestOf(epoch, { filter: { event } });
  t.match(await rig().requeuer.run(request, never), { tried: 1, cut: 1, requeued: 0 });
});

t.test('one at a time, and to an end between two chunks', async (t) => {
  const epoch = await loadBad();
  const { requeuer } = rig();
  const running = requeuer.run(requestOf(epoch), never);
  await t.rejects(requeuer.run(requestOf(epoch), never), { code: 'WEIR_REQUEUE_BUSY' });
  t.match(await running, { requeued: 10 });
  await t.rejects(requeuer.run(requestOf(epoch), AbortSignal.abort()), { code: 'WEIR_ABORTED' });
});

class Killed extends Error {}

/** Lets `left` operations pass, then throws before the next one or after it, and for ever after. */
class Killer {
  left: number;
  readonly isAfter: boolean;
  isDead = false;

  constructor(left: number, isAfter: boolean) {
    this.left = left;
    this.isAfter = isAfter;
  }

  async pass<T>(operation: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Killed();
    if (--this.left >= 0) return operation();
    this.isDead = true;
    if (this.isAfter) await operation();
    throw new Killed();
  }
}

function killableStore(store: Store, killer: Killer): Store {
  return {
    ...store,
    url: store.url,
    query: (sql, params) => killer.pass(() => store.query(sql, params)),
    command: (...given) => killer.pass(() => store.command(...given)),
    insertNative: (...given) => killer.pass(() => store.insertNative(...given)),
  };
}

const killableFiles = (files: Files, killer: Killer): Files => ({
  ...files,
  sizeBytes: (path) => killer.pass(() => files.sizeBytes(path)),
  open: (path, mode) => killer.pass(() => files.open(path, mode)),
  rename: (from, to) => killer.pass(() => files.rename(from, to)),
  unlink: (path) => killer.pass(() => files.unlink(path)),
  syncDir: (path) => killer.pass(() => files.syncDir(path)),
});

/** Kills at the operation, then again in what goes on behind it, then lets it come to an end. */
async function killAt(index: number, isAfter: boolean, sabotage?: RequeuerOptions['sabotage']) {
  const epoch = await loadBad();
  const intentDirectory = mkdtempSync(join(fixture.directory, 'intent-'));
  const common = { intentDirectory, ...(sabotage === undefined ? {} : { sabotage }) };
  let isKilled = false;
  const problems: string[] = [];
  for (const left of [index, Math.floor(index / 2)]) {
    const killer = new Killer(left, isAfter);
    const store = killableStore(fixture.store, killer);
    const { requeuer } = rig({ ...common, store, files: killableFiles(nodeFiles(), killer) });
    try {
      await requeuer.run(requestOf(epoch), never);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      isKilled = true;
    }
    problems.push(...(await problemsOf(epoch, await isRequeueOpen(nodeFiles(), intentDirectory))));
  }
  await rig(common).requeuer.recover();
  const report = await rig(common).requeuer.run(requestOf(epoch), never);
  problems.push(...(await problemsOf(epoch)));
  const ledger = await ledgerOf(epoch);
  return { isKilled, epoch, problems, report, ledger, events: await eventsOf(epoch) };
}

t.test('killed at every operation, before and after it took effect', async (t) => {
  let killCount = 0;
  for (const isAfter of [false, true])
    for (let index = 0; ; index++) {
      const found = await killAt(index, isAfter);
      const where = `operation ${index}, ${isAfter ? 'after' : 'before'} it`;
      t.same(found.problems, [], where);
      t.match(found.events, { total: '20', distinct: '20' }, where);
      t.match(found.ledger, { stored: 20, quarantined: 0, requeued: 10 }, where);
      if (!found.isKilled) break;
      killCount++;
    }
  t.ok(killCount > 30, `${killCount} places`);
});

t.test('without the read-back the same kills give rows twice', async (t) => {
  let twice = 0;
  for (let index = 0; ; index++) {
    const found = await killAt(index, true, 'requeue_without_read_back');
    if (found.problems.some((problem) => problem.includes('rows twice'))) twice++;
    if (!found.isKilled) break;
  }
  t.ok(twice > 0);
});

t.test('a store that is away for a while, and one that refuses a row', async (t) => {
  const epoch = await loadBad();
  let awayCount = 0;
  const away: Store = {
    ...fixture.store,
    url: fixture.store.url,
    query: (sql, params) => fixture.store.query(sql, params),
    command: (...given) => fixture.store.command(...given),
    insertNative: async (...given) => {
      await fixture.store.insertNative(...given);
      if (awayCount++ === 0) throw new WeirError('WEIR_STORE_UNREACHABLE', 'the reply was lost');
    },
  };
  t.match(
    await rig({ store: away, fence: embeddedFence(fixture.supervised) }).requeuer.run(
      requestOf(epoch),
      never,
    ),
    {
      requeued: 10,
    },
  );
  t.match(await eventsOf(epoch), { total: '20', distinct: '20' });

  const other = await loadBad(['bad fine', 'bad poison', 'bad fine']);
  const refusing: Store = {
    ...away,
    insertNative: async (sql, blocks, given) => {
      const isPoison = sql.includes('`events`') && Buffer.concat(blocks).includes('poison');
      if (isPoison)
        throw new WeirError('WEIR_STORE_REJECTED', 'refused', { code: 6, transient: false });
      await fixture.store.insertNative(sql, blocks, given);
    },
  };
  t.match(await rig({ store: refusing }).requeuer.run(requestOf(other), never), {
    ...{ requeued: 4, stillFailing: { schema_invalid: 2 } },
  });
  t.same(await problemsOf(other), []);
  t.match(await ledgerOf(other), { stored: 4, quarantined: 2 });
});
