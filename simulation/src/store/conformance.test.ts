// Guarantees: the model of the store and the embedded engine behave alike wherever the loader
// relies on it. The engine is killed with SIGKILL at moments that are spread over an INSERT.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timers } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { SimRandom } from '@weir/pipeline/testing';
import {
  applyMigrations,
  createStore,
  embeddedFence,
  serverFence,
  superviseStore,
} from '@weir/sinks/clickhouse';
import t from 'tap';
import { modelStore } from './client.js';
import { type StoreUnderTest, storeConformance } from './conformance.js';
import { ModelEngine, type StoreFault } from './engine.js';

const nowUs = Number(nodeClock.nowNs() / 1000n);

/** Unlike those of a process, these keep it alive: the model has nothing else that would. */
const lastingTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: (delayMs, signal) => nodeTimers.sleep(delayMs, signal),
};

function modelUnderTest(isEmbedded: boolean): StoreUnderTest {
  const random = new SimRandom(7);
  let fault: StoreFault | null = null;
  const engine = new ModelEngine({
    timers: lastingTimers,
    latencyMs: () => 1,
    restartMs: () => 2,
    faultOf: ({ kind }) => {
      const now = kind === 'insert' ? fault : null;
      fault = null;
      return now;
    },
    requestTimeoutMs: 20,
    poisonText: null,
    note: () => undefined,
  });
  const store = modelStore(engine);
  const isUp = async (): Promise<void> => {
    while (!engine.isUp) await nodeTimers.sleep(1);
  };
  const kinds = ['killed_before', 'killed_after', 'killed_partial', 'reply_lost'] as const;
  return {
    store,
    fence: isEmbedded ? embeddedFence({ fence: () => engine.restart() }) : serverFence(store),
    kill: () => engine.restart(),
    async killDuring(insert) {
      fault = random.chance(0.2) ? { kind: 'hang', afterMs: 60 } : { kind: random.pick(kinds) };
      if (random.chance(0.2)) fault = null;
      const reply = await insert().then(
        () => 'replied' as const,
        () => 'no reply' as const,
      );
      await isUp();
      return reply;
    },
    rowsOf: async (table, epoch) =>
      engine.tables
        .rowsOf(table)
        .filter((row) => row.epoch === String(epoch))
        .map(({ seq }) => seq),
    rawOf: async (epoch, seq) =>
      [...engine.tables.rowsOf('events'), ...engine.tables.rowsOf('quarantine')].find(
        (row) => row.epoch === String(epoch) && row.seq === seq,
      )?.raw ?? 'no such row',
  };
}

async function engineUnderTest(): Promise<StoreUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-conformance-'));
  const supervised = await superviseStore({
    directory: join(directory, 'store'),
    log: () => undefined,
    restartDelayMsMax: 100,
  });
  const store = createStore({ url: supervised.url });
  t.teardown(async () => {
    await store.close();
    await supervised.stop();
    await rm(directory, { recursive: true, force: true });
  });
  await applyMigrations(store, { profile: 'slim' });
  // Else merges would remove the copies that a check counts.
  const stopMerges = (): Promise<void> => store.command('SYSTEM STOP MERGES');
  await stopMerges();
  const kill = async (): Promise<void> => {
    const { pid } = supervised;
    process.kill(pid, 'SIGKILL');
    while (supervised.pid === pid || supervised.state !== 'running') await nodeTimers.sleep(5);
    await stopMerges();
  };
  let killCount = 0;
  const count = 'SELECT toUInt32(seq) AS seq FROM';
  return {
    store,
    fence: async (prefix) => {
      await embeddedFence(supervised)(prefix);
      await stopMerges();
    },
    kill,
    async killDuring(insert) {
      const replied = insert().then(
        () => 'replied' as const,
        () => 'no reply' as const,
      );
      // From before the statement has arrived to after its reply.
      await nodeTimers.sleep(killCount++ * 8);
      await kill();
      return replied;
    },
    rowsOf: async (table, epoch) => {
      const sql = `${count} dev.${table} WHERE epoch = {epoch:UInt64}`;
      const rows = await store.query<{ seq: number }>(sql, { epoch: String(epoch) });
      return rows.map(({ seq }) => seq);
    },
    rawOf: async (epoch, seq) => {
      const from = (table: string): string =>
        `SELECT hex(raw_data) AS raw FROM dev.${table} ` +
        'WHERE epoch = {epoch:UInt64} AND seq = {seq:UInt64}';
      const rows = await store.query<{ raw: string }>(
        `${from('events')} UNION ALL ${from('quarantine')}`,
        {
          epoch: String(epoch),
          seq,
        },
      );
      return Buffer.from(rows[0]?.raw ?? '', 'hex').toString('latin1');
    },
  };
}

storeConformance(t, 'model, embedded', nowUs, async () => modelUnderTest(true));
storeConformance(t, 'model, server', nowUs, async () => modelUnderTest(false));
storeConformance(t, 'embedded engine', nowUs, engineUnderTest);
