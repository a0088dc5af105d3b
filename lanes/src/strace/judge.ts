// Opens what a run left, with the faults off, and says which promise is broken. Names as in the
// design: I1 acknowledged is a subset of recovered. I2 recovered is a subset of issued, byte for
// byte. I3 order per stream. I4 no number twice. I5 every number up to the end of an epoch is
// recovered, settled or declared lost. I6 the start needs no repair. I7 a fresh event gets through.
import { closeSync, cpSync, fstatSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { Consumer, SpooledBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { fsckSpool, openSpool, type Spool } from '@weir/spool';
import { batchOf, CONSUMER, firstWrongEvent, SEGMENT_BYTES } from './content.js';
import type { Account, NamedBatch } from './journal.js';
import type { PowerCut } from './trace.js';

const READ_MS_MAX = 10_000;

/** Copies the spool and takes away what a power cut would. `before`: the spool before the run. */
export function applyPowerCut(
  from: string,
  to: string,
  cut: PowerCut,
  before: string | null,
): void {
  cpSync(from, to, { recursive: true });
  const inCopy = (path: string): string => to + path.slice(from.length);
  for (const path of cut.removed) rmSync(inCopy(path), { force: true });
  for (const [path, ranges] of cut.zeroed) {
    if (cut.removed.includes(path)) continue;
    const fd = openSync(inCopy(path), 'r+');
    const { size } = fstatSync(fd);
    for (const [start, end] of ranges) {
      const length = Math.min(end, size) - start;
      if (length > 0) writeSync(fd, new Uint8Array(length), 0, length, start);
    }
    if (before !== null)
      restore(fd, before + path.slice(from.length), cut.restored.get(path) ?? []);
    closeSync(fd);
  }
}

function restore(fd: number, path: string, ranges: readonly (readonly [number, number])[]): void {
  if (ranges.length === 0) return;
  const old = readFileSync(path);
  for (const [start, end] of ranges) {
    const bytes = old.subarray(start, Math.min(end, old.length));
    if (bytes.length > 0) writeSync(fd, bytes, 0, bytes.length, start);
  }
}

/** The first broken promise, or null. */
export async function judgeSpool(directory: string, account: Account): Promise<string | null> {
  const before = await fsck(directory);
  if (before !== null) return `I6: fsck before the start: ${before}`;
  const spool = await openSpool({
    directory,
    files: nodeFiles(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    consumers: [CONSUMER],
    segmentBytes: SEGMENT_BYTES,
    commitIntervalMs: 0,
  });
  let violation: string | null;
  try {
    violation = await judgeOpened(spool, account);
  } finally {
    await spool.close();
  }
  if (violation !== null) return violation;
  const after = await fsck(directory);
  return after === null ? null : `I6: fsck after the start: ${after}`;
}

/** What `weir spool fsck` finds, null for nothing. */
async function fsck(directory: string): Promise<string | null> {
  const { findings } = await fsckSpool({
    files: nodeFiles(),
    directory,
    prefix: '',
    ledgerDirectory: null,
    receiptDirectory: null,
    isLive: false,
    isDeep: true,
  });
  const [first] = findings;
  return first === undefined ? null : `${first.kind} in ${first.file}: ${first.what}`;
}

async function judgeOpened(spool: Spool, account: Account): Promise<string | null> {
  const { report } = spool;
  if (report.damage.length > 0 || report.lost.length > 0) return 'I6: damage without a bad disk';
  if (report.missingSegmentIds.length > 0) return 'I5: a segment is missing';
  if (report.isEpochsDamaged || report.isCheckpointRebuilt || report.damagedConsumers.length > 0)
    return 'I6: a small file was not replaced atomically';
  for (const { epoch } of account.issued)
    if (spool.epoch >> 32n <= epoch >> 32n) return 'I7: the epoch was not raised';
  const consumer = spool.consumer(CONSUMER);
  const read = await readPending(consumer);
  if (typeof read === 'string') return read;
  const violation = compare(read, account, report.endedEpochs);
  if (violation !== null) return violation;
  const fresh = batchOf('lane/fresh/0', spool.epoch, 0, 1);
  await spool.append(fresh);
  const after = await readPending(consumer, 1);
  if (typeof after === 'string') return `I7: ${after}`;
  if (after[0]?.batch.stream !== fresh.stream) return 'I7: a fresh event did not get through';
  await consumer.settle(after[0].position);
  return null;
}

async function readPending(
  consumer: Consumer,
  count = consumer.pendingFrameCount,
): Promise<SpooledBatch[] | string> {
  const read: SpooledBatch[] = [];
  const late = AbortSignal.timeout(READ_MS_MAX);
  while (read.length < count) {
    const next = await consumer.read(late);
    if (next === null) return `only ${read.length} of ${count} pending frames can be read`;
    read.push(next);
  }
  return read;
}

/** Numbers of one stream and epoch. */
class NumberSets {
  readonly #sets = new Map<string, Set<number>>();
  of(stream: string, epoch: bigint): Set<number> {
    const key = `${stream} ${epoch}`;
    let set = this.#sets.get(key);
    if (set === undefined) {
      set = new Set();
      this.#sets.set(key, set);
    }
    return set;
  }
  add({ stream, epoch, seqFirst, eventCount }: NamedBatch): void {
    const set = this.of(stream, epoch);
    for (let seq = seqFirst; seq < seqFirst + eventCount; seq++) set.add(seq);
  }
  static from(batches: readonly NamedBatch[]): NumberSets {
    const sets = new NumberSets();
    for (const batch of batches) sets.add(batch);
    return sets;
  }
}

function compare(
  read: readonly SpooledBatch[],
  account: Account,
  ended: readonly { readonly stream: string; readonly epoch: bigint; readonly lastSeq: number }[],
): string | null {
  const issued = NumberSets.from(account.issued);
  const asked = NumberSets.from(account.asked);
  const settled = NumberSets.from(account.settled);
  const recovered = new NumberSets();
  const lastSeq = new Map<string, number>();
  for (const { batch } of read) {
    if (batch.dispositions.some(({ kind }) => kind === 'lost')) return 'I6: a loss was declared';
    const wrong = firstWrongEvent(batch);
    if (wrong !== null) return `I2: other bytes than issued: ${wrong}`;
    const { stream, epoch } = batch;
    const key = `${stream} ${epoch}`;
    if (batch.seqFirst <= (lastSeq.get(key) ?? -1)) return `I3/I4: ${key} ${batch.seqFirst} again`;
    lastSeq.set(key, batch.seqFirst + batch.eventCount - 1);
    for (let i = 0; i < batch.eventCount; i++) {
      const seq = batch.seqFirst + i;
      if (!issued.of(stream, epoch).has(seq)) return `I2: never issued: ${key} ${seq}`;
      if (settled.of(stream, epoch).has(seq)) return `I4: settled and here again: ${key} ${seq}`;
    }
    recovered.add(batch);
  }
  for (const { stream, epoch, seqFirst, eventCount } of account.acked)
    for (let seq = seqFirst; seq < seqFirst + eventCount; seq++)
      if (!recovered.of(stream, epoch).has(seq) && !asked.of(stream, epoch).has(seq))
        return `I1: acknowledged and gone: ${stream} ${epoch} ${seq}`;
  for (const { stream, epoch, lastSeq: end } of ended)
    for (let seq = 0; seq <= end; seq++)
      if (!recovered.of(stream, epoch).has(seq) && !asked.of(stream, epoch).has(seq))
        return `I5: unaccounted: ${stream} ${epoch} ${seq} of ${end}`;
  return null;
}
