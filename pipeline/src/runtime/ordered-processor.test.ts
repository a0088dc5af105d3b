// Scenario: workers that answer in any order, fail, or are slow.
// Guarantees: results per stream come in submission order; streams do not wait for each other;
// never more than the limit is under way; a failure reaches the caller and frees its place.
import t from 'tap';
import { allocateBytes, type SequencedBatch } from '../batch.js';
import type { EncodedBatch, ProcessTask } from '../component.js';
import { WeirError } from '../errors.js';
import type { Workers } from '../ports.js';
import { SimClock } from '../testing/sim-clock.js';
import { BufferPool } from './buffer-pool.js';
import { OrderedProcessor } from './ordered-processor.js';

const clock = new SimClock();

const EMPTY: EncodedBatch = {
  events: null,
  quarantine: null,
  quarantinedSeqs: new Float64Array(0),
  quarantinedByReason: {},
  filtered: [],
};

function batchOf(stream: string, seqFirst: number): SequencedBatch {
  return {
    tenant: 'default',
    stream,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 0n,
    eventCount: 0,
    bytes: allocateBytes(0),
    offsets: new Uint32Array(1),
    marks: new Uint32Array(0),
    runs: [],
    requestParts: [],
    dispositions: [],
    epoch: 1n,
    seqFirst,
  };
}

interface Pending {
  readonly task: ProcessTask;
  readonly resolve: (result: EncodedBatch) => void;
  readonly reject: (error: unknown) => void;
}

class ManualWorkers implements Workers<ProcessTask, EncodedBatch> {
  readonly workerCount = 1;
  readonly pending: Pending[] = [];
  run(task: ProcessTask): Promise<EncodedBatch> {
    return new Promise((resolve, reject) => this.pending.push({ task, resolve, reject }));
  }
  async close(): Promise<void> {}
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('order is restored per stream and not across streams', async (t) => {
  const workers = new ManualWorkers();
  const processor = new OrderedProcessor({ workers, clock, sink: 'out' });
  const done: string[] = [];
  for (const [stream, seq] of [
    ['a', 0],
    ['a', 1],
    ['b', 0],
  ] as const) {
    void processor.process(batchOf(stream, seq), null).then(() => done.push(`${stream}${seq}`));
  }
  await settle();
  workers.pending[1]?.resolve(EMPTY);
  workers.pending[2]?.resolve(EMPTY);
  await settle();
  t.same(done, ['b0'], 'a1 waits for a0, b0 does not');
  workers.pending[0]?.resolve(EMPTY);
  await settle();
  t.same(done, ['b0', 'a0', 'a1']);
  t.equal(processor.inFlightCount, 0);
});

t.test('no more than the limit is under way', async (t) => {
  const workers = new ManualWorkers();
  const processor = new OrderedProcessor({ workers, clock, sink: 'out', inFlightBatchesMax: 2 });
  for (let i = 0; i < 5; i++) void processor.process(batchOf('a', i), null);
  await settle();
  t.equal(workers.pending.length, 2);
  workers.pending[0]?.resolve(EMPTY);
  await settle();
  t.equal(workers.pending.length, 3);
  for (let i = 1; i < 5; i++) {
    workers.pending[i]?.resolve(EMPTY);
    await settle();
  }
  t.equal(processor.inFlightCount, 0);
});

t.test('a failure reaches the caller, in its turn, and the place is free again', async (t) => {
  const workers = new ManualWorkers();
  const failures: string[] = [];
  const processor = new OrderedProcessor({
    sink: 'out',
    workers,
    clock,
    onFailure: (failure, batch) => failures.push(`${failure.code} ${batch.seqFirst}`),
  });
  const first = processor.process(batchOf('a', 0), null);
  const second = processor.process(batchOf('a', 1), null);
  await settle();
  workers.pending[0]?.reject(new WeirError('WEIR_WORKER_FAILED', 'died'));
  workers.pending[1]?.resolve(EMPTY);
  await t.rejects(first, { code: 'WEIR_WORKER_FAILED' });
  t.equal(await second, EMPTY, 'the next of the stream is not held up');
  t.same(failures, ['WEIR_WORKER_FAILED 0']);
  t.equal(processor.inFlightCount, 0);
});

t.test('the memory of a batch goes back to the pool, not with the result', async (t) => {
  const workers = new ManualWorkers();
  const batchMemory = new BufferPool(1024 * 1024);
  const processor = new OrderedProcessor({ workers, clock, sink: 'out', batchMemory });
  const done = processor.process(batchOf('a', 0), null);
  await settle();
  const spentInput = new ArrayBuffer(8_192);
  workers.pending[0]?.resolve({ ...EMPTY, spentInput });
  await done;
  t.equal(batchMemory.take(8_000), spentInput);
});
