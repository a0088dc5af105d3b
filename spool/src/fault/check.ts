// Opens a spool in the state that a fault left and says which promise is broken. Invariants, named
// as in the design: I1 acknowledged, or delivered to a consumer, is a subset of recovered. I2
// recovered is a subset of issued, byte for byte. I3 order per stream. I4 no number twice. I5 every
// number up to the end of an epoch is recovered, settled or declared lost. I6 opening reads whole
// only what no clean end marks, and small files are replaced atomically. I7 a fresh event gets
// through, identity stays and epochs rise. I8 what was settled durably does not come again. I9 the
// keys of acknowledged requests are known.
import type { SequencedBatch, SpooledBatch } from '@weir/pipeline';
import { messageOf } from '@weir/pipeline';
import { SimClock, type SimFiles, SimRandom } from '@weir/pipeline/testing';
import { inspectSpool } from '../inspect.js';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { openSim, TEST_DIRECTORY } from '../test-spool.js';
import { printOf } from './print.js';
import { drainQuickly, settleWithin } from './quick.js';
import { type ConsumerPromises, lostNumbersOf, type Moment, type Trace } from './trace.js';

/** The first violated invariant, or null. Everything random comes from the seed. */
export async function checkState(
  trace: Trace,
  moment: Moment,
  files: SimFiles,
  seed: number,
): Promise<string | null> {
  const clock = new SimClock();
  try {
    return await settleWithin(clock, check(trace, moment, files, clock, seed));
  } catch (error) {
    return `I7: ${messageOf(error)}`;
  }
}

async function check(
  trace: Trace,
  moment: Moment,
  files: SimFiles,
  clock: SimClock,
  seed: number,
): Promise<string | null> {
  const random = new SimRandom(seed);
  files.turnsPerCall = 1;
  const world = { files, clock, random };
  const spool = await openSim(world, trace.options);
  const promises = random.pick(moment.consumers);
  const consumer = spool.consumer(promises.name);
  const read = await drainQuickly(consumer);
  const violation =
    checkReport(trace, moment, spool) ??
    checkRecovered(trace, moment, promises, read, spool) ??
    checkKeys(trace, moment, spool);
  if (violation !== null) return violation;
  const isThorough = random.chance(0.1);
  if (isThorough) {
    const forgotten = await findForgotten(trace, moment, files);
    if (forgotten !== null) return forgotten;
  }
  const fresh = textBatch('n/fresh/0', spool.epoch, 0, 1);
  await spool.append(fresh);
  const after = await drainQuickly(consumer);
  const print = printOf(fresh);
  if (!after.some(({ batch }) => printOf(batch) === print))
    return 'I7: a fresh event did not get through';
  if (isThorough) return checkOnceMore(trace, moment, world, spool, read.length + 1);
  return null;
}

/** After another end of the process the same is there, and the fresh event. */
async function checkOnceMore(
  trace: Trace,
  moment: Moment,
  world: { files: SimFiles; clock: SimClock; random: SimRandom },
  first: Spool,
  count: number,
): Promise<string | null> {
  const { random } = world;
  const isClosed = random.chance(0.5);
  const name = trace.options.consumers?.[0] ?? 'loader';
  if (isClosed) await first.close();
  const files = isClosed ? world.files : world.files.crash('lose_unsynced', random);
  const spool = await openSim({ ...world, files }, trace.options);
  const promises = moment.consumers.find((consumer) => consumer.name === name);
  if (promises === undefined) return null;
  const read = await drainQuickly(spool.consumer(name));
  const fresh = printOf(textBatch('n/fresh/0', first.epoch, 0, 1));
  const old = read.filter(({ batch }) => printOf(batch) !== fresh);
  if (old.length !== read.length - 1) return 'I1: a fresh event was lost';
  if (moment.consumers.length === 1 && read.length !== count)
    return `I1: ${count} batches were there, ${read.length} at the next start`;
  return checkRecovered(trace, moment, promises, old, null);
}

function checkReport(trace: Trace, moment: Moment, spool: Spool): string | null {
  const { report } = spool;
  if (moment.acked.size > 0 && spool.nodeId !== trace.nodeId) return 'I7: identity was lost';
  for (const index of moment.acked)
    if (spool.epoch >> 32n <= (trace.issued[index]?.batch.epoch ?? 0n) >> 32n)
      return 'I7: the epoch did not rise';
  if (report.scannedSegmentCount > moment.scannedMax)
    return `I6: ${report.scannedSegmentCount} segments were read whole`;
  if (report.missingSegmentIds.length > 0) return 'I5: a segment is missing';
  if (report.isEpochsDamaged || report.isCheckpointRebuilt || report.damagedConsumers.length > 0)
    return 'I6: a small file was not replaced atomically';
  return null;
}

const partPrint = (key: string, seqFirst: number, eventCount: number): string =>
  `${key} ${seqFirst} ${eventCount}`;

function checkKeys(trace: Trace, moment: Moment, spool: Spool): string | null {
  let known: Set<string> | null = null;
  for (const index of moment.acked) {
    const batch = trace.issued[index]?.batch;
    for (const { key, eventCount } of batch?.requestParts ?? []) {
      known ??= new Set(
        spool.recoveredRequestParts.map((part) =>
          partPrint(part.key, part.seqFirst, part.eventCount),
        ),
      );
      if (!known.has(partPrint(key, batch?.seqFirst ?? 0, eventCount)))
        return `I9: the key ${key} was acknowledged and is forgotten`;
    }
  }
  return null;
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
    const batch = trace.issued[index]?.batch;
    if (batch === undefined || batch.eventCount === 0) continue;
    const { stream, epoch, seqFirst, eventCount } = batch;
    if ((known.get(`${stream} ${epoch}`) ?? -1) < seqFirst + eventCount - 1)
      return `I5: ${stream} ${epoch} ${seqFirst} was acknowledged and is not known as issued`;
  }
  return null;
}

/** Which of the issued batches are among those that were read. */
export function indexesOf(trace: Trace, read: readonly SpooledBatch[]): Set<number> {
  const prints = new Set(read.map(({ batch }) => printOf(batch)));
  const indexes = new Set<number>();
  for (const [i, { print }] of trace.issued.entries()) if (prints.has(print)) indexes.add(i);
  return indexes;
}

/** Numbers that are accounted for, and the order in which they came. */
class Account {
  readonly #numbers = new Map<string, Set<number>>();
  readonly #last = new Map<string, number>();

  of(stream: string, epoch: bigint): Set<number> {
    const key = `${stream} ${epoch}`;
    let set = this.#numbers.get(key);
    if (set === undefined) {
      set = new Set();
      this.#numbers.set(key, set);
    }
    return set;
  }

  addLost(number: string): void {
    const at = number.lastIndexOf(' ');
    const key = number.slice(0, at);
    const space = key.lastIndexOf(' ');
    this.of(key.slice(0, space), BigInt(key.slice(space + 1))).add(Number(number.slice(at + 1)));
  }

  /** Null, or what is wrong with the numbers of a batch that comes after the others. */
  addRows({ stream, epoch, seqFirst, eventCount }: SequencedBatch): string | null {
    if (eventCount === 0) return null;
    const key = `${stream} ${epoch}`;
    if (seqFirst <= (this.#last.get(key) ?? -1)) return `I3/I4: ${key} ${seqFirst} came again`;
    this.#last.set(key, seqFirst + eventCount - 1);
    const set = this.of(stream, epoch);
    for (let seq = seqFirst; seq < seqFirst + eventCount; seq++) {
      if (set.has(seq)) return `I4: ${key} ${seq} came twice, or is lost as well`;
      set.add(seq);
    }
    return null;
  }
}

/** `issued` up to the moment, by print. */
const indexCache = new WeakMap<Moment, Map<string, number>>();

function issuedAt(trace: Trace, moment: Moment): Map<string, number> {
  let map = indexCache.get(moment);
  if (map === undefined) {
    map = new Map();
    for (let i = 0; i < moment.issuedCount; i++) map.set(trace.issued[i]?.print ?? '', i);
    indexCache.set(moment, map);
  }
  return map;
}

/** Without a spool the ends of epochs are not looked at. */
function checkRecovered(
  trace: Trace,
  moment: Moment,
  promises: ConsumerPromises,
  read: readonly SpooledBatch[],
  spool: Spool | null,
): string | null {
  const issued = issuedAt(trace, moment);
  const account = new Account();
  const recovered = new Set<number>();
  for (const { batch } of read) {
    let isLoss = false;
    for (const number of lostNumbersOf(batch)) {
      account.addLost(number);
      isLoss = true;
    }
    if (isLoss) continue;
    const print = printOf(batch);
    const index = issued.get(print);
    if (index === undefined) return `I2: recovered what was never issued: ${print}`;
    recovered.add(index);
    if (promises.settled.has(index)) return `I8: settled and delivered again: ${print}`;
    const wrong = account.addRows(batch);
    if (wrong !== null) return wrong;
  }
  for (const promised of [moment.acked, promises.delivered])
    for (const index of promised)
      if (!recovered.has(index) && !promises.settleAsked.has(index))
        return `I1: acknowledged or delivered, and not recovered: ${trace.issued[index]?.print}`;
  if (spool === null) return null;
  for (const index of promises.settleAsked) {
    const batch = trace.issued[index]?.batch;
    if (batch === undefined) continue;
    const set = account.of(batch.stream, batch.epoch);
    for (let i = 0; i < batch.eventCount; i++) set.add(batch.seqFirst + i);
  }
  for (const number of promises.lostSettled) account.addLost(number);
  for (const { stream, epoch, lastSeq } of spool.report.endedEpochs) {
    const set = account.of(stream, epoch);
    for (let seq = 0; seq <= lastSeq; seq++)
      if (!set.has(seq)) return `I5: ${stream} ${epoch} ${seq} of ${lastSeq} is unaccounted for`;
  }
  return null;
}
