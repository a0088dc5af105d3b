// A short run of the spool over simulated files, cut off at every operation, in many ways, and what
// must hold afterwards. Used by the fault test. Not part of the package's exports.
//
// Invariants (names as in the design): I1 acknowledged is a subset of recovered. I2 recovered is a
// subset of issued, byte for byte. I3 order per stream. I4 no number twice. I5 every number up to
// the declared end of an epoch is recovered, settled or declared lost. I6 opening scans only what
// has no footer. I7 a fresh event gets through, and epochs and identity never go back.
import type { SequencedBatch, SpooledBatch } from '@weir/pipeline';
import type { CrashStrategy, SimFiles } from '@weir/pipeline/testing';
import { SimClock, SimRandom } from '@weir/pipeline/testing';
import { inspectSpool } from './inspect.js';
import type { Sabotage } from './options.js';

import { fingerprintOf, makeBatch, textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

interface Issued {
  readonly batch: SequencedBatch;
  readonly print: string;
  isAcked: boolean;
  isSettleAsked: boolean;
}
/** A moment at which the power may fail, and what was promised by then. */
export interface Moment {
  readonly files: SimFiles;
  readonly operation: string;
  readonly issuedCount: number;
  readonly acked: ReadonlySet<number>;
  readonly settleAsked: ReadonlySet<number>;
  /** Segments that may have neither footer nor end record: one for each run that was cut off. */
  readonly scannedMax: number;
}
export interface Trace {
  readonly issued: readonly Issued[];
  readonly moments: readonly Moment[];
  readonly nodeId: string;
}

const streams = ['n/a/0', 'n/a/1', 'n/b/0'];

/** Appends on several streams, settles, rotates, deletes, restarts; notes every moment. */
export async function recordTrace(seed: number, sabotage: Sabotage | null): Promise<Trace> {
  const world = newWorld(seed);
  const issued: Issued[] = [];
  const moments: Moment[] = [];
  const noteMoment = (operation: string): void => {
    const acked = new Set<number>();
    const settleAsked = new Set<number>();
    for (const [i, item] of issued.entries()) {
      if (item.isAcked) acked.add(i);
      if (item.isSettleAsked) settleAsked.add(i);
    }
    const files = world.files.snapshot();
    const issuedCount = issued.length;
    moments.push({ files, operation, issuedCount, acked, settleAsked, scannedMax: 1 });
  };
  world.files.onOperation = ({ kind, path, isMutation }) => {
    if (isMutation) noteMoment(`${kind} ${path}`);
    return null;
  };
  let nodeId = '';
  for (let process = 0; process < 2; process++) {
    const spool = await openSim(world, { segmentBytes: 4096, sabotage });
    nodeId = spool.nodeId;
    const consumer = spool.consumer('loader');
    const next = new Map<string, number>();
    for (let round = 0; round < 8; round++) {
      const appends: Promise<void>[] = [];
      const appendCount = 1 + world.random.below(5);
      for (let i = 0; i < appendCount; i++) {
        const batch = randomBatch(world.random, spool.epoch, next);
        const item = { batch, print: fingerprintOf(batch), isAcked: false, isSettleAsked: false };
        issued.push(item);
        appends.push(
          spool.append(batch).then(() => {
            item.isAcked = true;
          }),
        );
      }
      await Promise.all(appends);
      if (round % 3 === 2) await settleSome(consumer, issued, world.random);
    }
    await spool.close();
  }
  noteMoment('end');
  return { issued, moments, nodeId };
}

function randomBatch(random: SimRandom, epoch: bigint, next: Map<string, number>): SequencedBatch {
  const stream = random.pick(streams);
  const seqFirst = next.get(stream) ?? 0;
  if (random.chance(0.1)) {
    const dispositions = [
      { kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount: random.u32() } as const,
    ];
    return makeBatch({ stream, epoch, seqFirst, events: [], dispositions });
  }
  const count = 1 + random.below(4);
  next.set(stream, seqFirst + count);
  return textBatch(stream, epoch, seqFirst, count, random.below(250));
}

async function settleSome(
  consumer: Parameters<typeof drain>[0],
  issued: readonly Issued[],
  random: SimRandom,
): Promise<void> {
  const read = await drain(consumer);
  const count = random.below(read.length + 1);
  const settled = read.slice(0, count);
  const prints = new Set(settled.map(({ batch }) => fingerprintOf(batch)));
  for (const item of issued) if (prints.has(item.print)) item.isSettleAsked = true;
  const last = settled.at(-1);
  if (last !== undefined) await consumer.settle(last.position);
  consumer.rewind();
}

/** Opens the spool after a cut; returns the first violated invariant, or null. */
export async function checkState(
  trace: Trace,
  moment: Moment,
  files: SimFiles,
  seed: number,
): Promise<string | null> {
  const world = { files, clock: new SimClock(), random: new SimRandom(seed) };
  const spool = await openSim(world);
  const consumer = spool.consumer('loader');
  try {
    const read = await drain(consumer);
    const violation = checkRecovered(trace, moment, read, spool.report.endedEpochs);
    if (violation !== null) return violation;
    if (moment.acked.size > 0 && spool.nodeId !== trace.nodeId) return 'I7: identity was lost';
    for (let i = 0; i < moment.issuedCount; i++) {
      const { epoch } = trace.issued[i]?.batch ?? { epoch: 0n };
      if (moment.acked.has(i) && spool.epoch >> 32n <= epoch >> 32n) return 'I7: the epoch shrank';
    }
    const { report } = spool;
    if (report.scannedSegmentCount > moment.scannedMax)
      return `I6: ${report.scannedSegmentCount} segments were scanned`;
    if (report.missingSegmentIds.length > 0) return 'I5: a segment is missing';
    if (report.isEpochsDamaged || report.isCheckpointRebuilt || report.damagedConsumers.length > 0)
      return 'I6: a small file was not replaced atomically';
    const forgotten = await findForgotten(trace, moment, files);
    if (forgotten !== null) return forgotten;
    const fresh = textBatch('n/fresh/0', spool.epoch, 0, 1);
    const print = fingerprintOf(fresh);
    await spool.append(fresh);
    const after = await drain(consumer);
    if (!after.some(({ batch }) => fingerprintOf(batch) === print))
      return 'I7: a fresh event did not get through';
    return null;
  } finally {
    await spool.close();
  }
}

/** The highest number issued outlives the segments. */
async function findForgotten(
  trace: Trace,
  moment: Moment,
  files: SimFiles,
): Promise<string | null> {
  const known = new Map<string, number>();
  for (const { stream, epoch, lastSeq } of (await inspectSpool(files, TEST_DIRECTORY)).streams)
    known.set(`${stream} ${epoch}`, lastSeq);
  for (const index of moment.acked) {
    const { stream, epoch, seqFirst, eventCount } = trace.issued[index]?.batch ?? nothing;
    if ((known.get(`${stream} ${epoch}`) ?? -1) < seqFirst + eventCount - 1)
      return `I5: ${stream} ${epoch} ${seqFirst} was acknowledged and is not known as issued`;
  }
  return null;
}

const nothing = { stream: '', epoch: 0n, seqFirst: 0, eventCount: 0 };

/** Which of the issued batches are among those that were read. */
export function indexesOf(trace: Trace, read: readonly SpooledBatch[]): Set<number> {
  const prints = new Set(read.map(({ batch }) => fingerprintOf(batch)));
  const indexes = new Set<number>();
  for (const [i, { print }] of trace.issued.entries()) if (prints.has(print)) indexes.add(i);
  return indexes;
}

function checkRecovered(
  trace: Trace,
  moment: Moment,
  read: readonly SpooledBatch[],
  ended: readonly { stream: string; epoch: bigint; lastSeq: number }[],
): string | null {
  const issued = new Map<string, number>();
  for (let i = 0; i < moment.issuedCount; i++) {
    const item = trace.issued[i];
    if (item !== undefined) issued.set(item.print, i);
  }
  const numbers = new Map<string, Set<number>>();
  const numbersOf = (stream: string, epoch: bigint): Set<number> => {
    const key = `${stream} ${epoch}`;
    let set = numbers.get(key);
    if (set === undefined) {
      set = new Set();
      numbers.set(key, set);
    }
    return set;
  };
  const recovered = new Set<number>();
  const lastSeq = new Map<string, number>();
  for (const { batch } of read) {
    for (const { kind, seqRanges } of batch.dispositions)
      if (kind === 'lost')
        for (const [first, last] of seqRanges)
          for (let seq = first; seq <= last; seq++) numbersOf(batch.stream, batch.epoch).add(seq);
    if (batch.dispositions.some(({ kind }) => kind === 'lost')) continue;
    const index = issued.get(fingerprintOf(batch));
    if (index === undefined) return `I2: recovered what was never issued: ${fingerprintOf(batch)}`;
    recovered.add(index);
    if (batch.eventCount === 0) continue;
    const key = `${batch.stream} ${batch.epoch}`;
    if (batch.seqFirst <= (lastSeq.get(key) ?? -1)) return `I3/I4: ${key} ${batch.seqFirst} again`;
    lastSeq.set(key, batch.seqFirst + batch.eventCount - 1);
    for (let i = 0; i < batch.eventCount; i++) {
      const set = numbersOf(batch.stream, batch.epoch);
      if (set.has(batch.seqFirst + i)) return `I4: ${key} ${batch.seqFirst + i} twice or also lost`;
      set.add(batch.seqFirst + i);
    }
  }
  for (const index of moment.acked)
    if (!recovered.has(index) && !moment.settleAsked.has(index))
      return `I1: acknowledged and not recovered: ${trace.issued[index]?.print}`;
  for (const index of moment.settleAsked) {
    const batch = trace.issued[index]?.batch;
    if (batch === undefined) continue;
    for (let i = 0; i < batch.eventCount; i++)
      numbersOf(batch.stream, batch.epoch).add(batch.seqFirst + i);
  }
  for (const { stream, epoch, lastSeq: end } of ended) {
    const set = numbersOf(stream, epoch);
    for (let seq = 0; seq <= end; seq++)
      if (!set.has(seq)) return `I5: ${stream} ${epoch} ${seq} of ${end} is unaccounted for`;
  }
  return null;
}

/** Ways to cut, with how often each is drawn at every moment. */
export const cuts: readonly (readonly [CrashStrategy, number])[] = [
  ['keep_all', 1],
  ['lose_unsynced', 1],
  ['process_kill', 1],
  ['random_sectors', 12],
  ['prefix_tear', 16],
  ['zero_hole', 8],
];
