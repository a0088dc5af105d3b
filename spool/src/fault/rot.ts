// Rot of synced data: flipped bits, writes that were lost or landed elsewhere, lost state files.
// Nothing altered may ever be delivered, and what is missing must be declared lost with its
// numbers, also when the next starts are cut off in the middle. Limits that FORMAT.md states are
// allowed for here and nowhere else: see `mayBeSilent`.
import type { SpooledBatch } from '@weir/pipeline';
import { messageOf } from '@weir/pipeline';
import {
  CRASH_STRATEGIES,
  SIM_SECTOR_BYTES,
  SimClock,
  type SimFiles,
  SimRandom,
} from '@weir/pipeline/testing';
import { textBatch } from '../test-batches.js';
import { openSim, TEST_DIRECTORY } from '../test-spool.js';
import { printOf } from './print.js';
import { drainQuickly, settleWithin } from './quick.js';
import { type FrameSpot, isSealed, lastNumbersOf, spotsOf } from './spots.js';
import { lostNumbersOf, type Moment, recordTrace, type Trace } from './trace.js';

const KINDS = ['flip', 'zero_sector', 'misdirected', 'stale_sector', 'lost_state'] as const;
type RotKind = (typeof KINDS)[number];

/** Bytes [from, to) of a file are not what was written there. */
interface Hit {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** What stands there now comes from the same file. */
  readonly isFromSameFile?: boolean;
}

/** One rotten disk, and what must be found on it. */
interface Case {
  readonly trace: Trace;
  readonly moment: Moment;
  readonly kind: RotKind;
  readonly hits: readonly Hit[];
  /** All frames before the rot. */
  readonly spots: readonly FrameSpot[];
  readonly silent: ReadonlySet<string>;
}

const isHit = (hits: readonly Hit[], path: string, from = 0, to = 1e9): boolean =>
  hits.some((hit) => hit.path === path && hit.from < to && hit.to > from);

/** Spoils the files; null if there is nothing to spoil. */
function spoil(files: SimFiles, kind: RotKind, random: SimRandom): Hit[] | null {
  const paths = files.paths.filter((path) => (files.contentOf(path)?.length ?? 0) > 0);
  const segments = paths.filter((path) => path.endsWith('.log'));
  if (segments.length === 0) return null;
  const path = random.chance(0.7) ? random.pick(segments) : random.pick(paths);
  const size = files.contentOf(path)?.length ?? 0;
  const sectorOf = (bytes: number): number =>
    random.below(Math.ceil(bytes / SIM_SECTOR_BYTES)) * SIM_SECTOR_BYTES;
  if (kind === 'flip') {
    const at = random.below(size);
    files.flipBit(path, at, random.below(8));
    return [{ path, from: at, to: at + 1 }];
  }
  if (kind === 'lost_state') {
    const state = random.pick([`${TEST_DIRECTORY}/ckpt`, `${TEST_DIRECTORY}/epochs`]);
    if (!paths.includes(state)) return null;
    files.lose(state);
    return [{ path: state, from: 0, to: 1e9 }];
  }
  const at = sectorOf(size);
  const source = random.pick(segments);
  const isFromSameFile = kind !== 'zero_sector' && source === path;
  const hit = { path, from: at, to: at + SIM_SECTOR_BYTES, isFromSameFile };
  const content = files.contentOf(source) ?? new Uint8Array(0);
  const from = sectorOf(content.length);
  const piece = content.slice(from, from + SIM_SECTOR_BYTES);
  if (kind === 'zero_sector') files.overwrite(path, at, new Uint8Array(SIM_SECTOR_BYTES));
  else files.overwrite(path, at, piece);
  if (kind !== 'misdirected') return [hit];
  // The write landed at the other place, so its own place still has what was there before.
  if (source !== path || from !== at)
    files.overwrite(source, from, new Uint8Array(SIM_SECTOR_BYTES));
  return [hit, { path: source, from, to: from + SIM_SECTOR_BYTES }];
}

/**
 * Prints of frames whose loss cannot be told (FORMAT.md "Recovery"). In a segment without a whole
 * footer or end record: frames behind which nothing good stands look like a torn tail, and frames
 * with an unreadable header behind which no good frame of their stream stands have no numbers. The
 * first frame of its stream there has none either once `epochs` names numbers of this segment, that
 * is when the process ended between storing `epochs` and the footer. And where another sector
 * of the same segment was written over one, whole frames at a wrong place can pass for the real
 * ones.
 */
function mayBeSilent(
  files: SimFiles,
  hits: readonly Hit[],
  spots: readonly FrameSpot[],
): Set<string> {
  const silent = new Set<string>();
  const knownLast = lastNumbersOf(files);
  const isEpochsHit = isHit(hits, `${TEST_DIRECTORY}/epochs`);
  for (const spot of spots) {
    if (isSealed(files, spot.path)) continue;
    if (hits.some((hit) => hit.path === spot.path && hit.isFromSameFile === true)) {
      silent.add(spot.print);
      continue;
    }
    if (!isHit(hits, spot.path, spot.from, spot.to)) continue;
    const behind = spots.filter(
      (other) =>
        other.path === spot.path &&
        other.frameNo > spot.frameNo &&
        !isHit(hits, other.path, other.from, other.to),
    );
    const ofStream = behind.filter(
      (other) => other.streamKey === spot.streamKey && other.eventCount > 0,
    );
    const isBracketed = spots.some(
      (other) =>
        other.path === spot.path &&
        other.frameNo < spot.frameNo &&
        other.streamKey === spot.streamKey &&
        other.eventCount > 0 &&
        !isHit(hits, other.path, other.from, other.to),
    );
    const isAhead = (knownLast.get(spot.streamKey) ?? -1) >= spot.seqFirst && !isBracketed;
    if (behind.length === 0 || ofStream.length === 0 || isEpochsHit || isAhead)
      silent.add(spot.print);
  }
  return silent;
}

/** The first broken promise on a rotten disk; null if there is none. */
function judge(
  { trace, moment, kind, hits, spots, silent }: Case,
  read: readonly SpooledBatch[],
  settled: ReadonlySet<string>,
): string | null {
  const promises = moment.consumers[0];
  if (promises === undefined) return null;
  const issued = new Map(trace.issued.map(({ print }, index) => [print, index]));
  const found = new Set<string>();
  const lost = new Set<string>(promises.lostSettled);
  const last = new Map<string, number>();
  for (const { batch } of read) {
    const before = lost.size;
    for (const number of lostNumbersOf(batch)) lost.add(number);
    if (lost.size > before || batch.dispositions.some((entry) => entry.kind === 'lost')) continue;
    const print = printOf(batch);
    const index = issued.get(print);
    if (index === undefined) return `I2: delivered what was never issued: ${print}`;
    if (found.has(print)) return `I4: delivered twice: ${print}`;
    found.add(print);
    const isFrontierHit = hits.some(({ path }) => path.includes('consumer-'));
    if (promises.settled.has(index) && !isFrontierHit) return `I8: settled, and again: ${print}`;
    if (batch.eventCount === 0) continue;
    const key = `${batch.stream} ${batch.epoch}`;
    if (batch.seqFirst <= (last.get(key) ?? -1)) return `I3: out of order: ${print}`;
    last.set(key, batch.seqFirst);
  }
  const spotByPrint = new Map(spots.map((spot) => [spot.print, spot]));
  for (const index of moment.acked) {
    const item = trace.issued[index];
    if (item === undefined || promises.settleAsked.has(index)) continue;
    const { batch, print } = item;
    if (found.has(print) || silent.has(print) || settled.has(print)) continue;
    const spot = spotByPrint.get(print);
    const isSpoiled = spot !== undefined && isHit(hits, spot.path, spot.from, spot.to);
    if (kind === 'flip' && !isSpoiled) return `I1: not hit, and not there: ${print}`;
    for (let seq = batch.seqFirst; seq < batch.seqFirst + batch.eventCount; seq++)
      if (!lost.has(`${batch.stream} ${batch.epoch} ${seq}`))
        return `I5: ${batch.stream} ${batch.epoch} ${seq} is gone and not declared`;
  }
  return null;
}

/** A start on the files: reads, settles some, appends a fresh event. Notes moments to cut at. */
async function start(
  rotten: Case,
  files: SimFiles,
  random: SimRandom,
  moments: { files: SimFiles; settled: Set<string> }[],
  clock: SimClock,
): Promise<string | null> {
  const { trace, moment } = rotten;
  files.turnsPerCall = 1;
  const settled = new Set<string>();
  files.onOperation = ({ isMutation }) => {
    if (isMutation) moments.push({ files: files.snapshot(), settled: new Set(settled) });
    return null;
  };
  const spool = await openSim({ files, clock, random }, trace.options);
  const consumer = spool.consumer('loader');
  // Half of the runs settle each batch at once: what they settle must not run ahead of a loss.
  let isEager = random.chance(0.5);
  const read = await drainQuickly(consumer, (next) => {
    if (hasLoss(next)) isEager = false;
    if (!isEager) return;
    settled.add(printOf(next.batch));
    consumer.settle(next.position).catch(() => undefined);
  });
  const problem = judge(rotten, read, new Set());
  if (problem !== null) return problem;
  for (const index of moment.acked)
    if (spool.epoch >> 32n <= (trace.issued[index]?.batch.epoch ?? 0n) >> 32n)
      return 'I7: the epoch did not rise';
  if (moment.acked.size > 0 && spool.nodeId !== trace.nodeId) return 'I7: identity was lost';
  const fresh = textBatch('n/fresh/0', spool.epoch, 0, 1);
  await spool.append(fresh);
  const more = await drainQuickly(consumer);
  if (!more.some(({ batch }) => printOf(batch) === printOf(fresh)))
    return 'I7: a fresh event did not get through';
  const all = [...read, ...more];
  const count = random.below(all.length + 1);
  const lastSettled = all[count - 1];
  if (lastSettled !== undefined && !all.slice(0, count).some(hasLoss)) {
    for (const { batch } of all.slice(0, count)) settled.add(printOf(batch));
    await consumer.settle(lastSettled.position);
  }
  await spool.close();
  return null;
}

const hasLoss = ({ batch }: SpooledBatch): boolean =>
  batch.dispositions.some(({ kind }) => kind === 'lost');

/** Opens once more after a cut and judges again. */
async function startAgain(
  rotten: Case,
  files: SimFiles,
  settled: ReadonlySet<string>,
  random: SimRandom,
  clock: SimClock,
): Promise<string | null> {
  files.turnsPerCall = 1;
  const spool = await openSim({ files, clock, random }, rotten.trace.options);
  const read = await drainQuickly(spool.consumer('loader'));
  const old = read.filter(({ batch }) => batch.stream !== 'n/fresh/0');
  return judge(rotten, old, settled);
}

export class RotLane {
  runCount = 0;
  violation: string | null = null;
  way: string | null = null;
  readonly seen: Record<string, number> = {};
  #traceCount = 0;
  constructor(readonly seed: number) {}

  /** One more trace, rotten in many ways. */
  async next(): Promise<void> {
    const traceSeed = this.seed + this.#traceCount++;
    try {
      const trace = await recordTrace(traceSeed);
      for (let draw = 0; draw < 60 && this.violation === null; draw++) {
        this.runCount++;
        const { kind, violation } = await runRot(trace, draw);
        this.seen[kind] = (this.seen[kind] ?? 0) + 1;
        if (violation === null) continue;
        this.violation = violation;
        this.way = `${traceSeed}.${draw}`;
      }
    } catch (error) {
      this.violation = `I7: ${messageOf(error)}`;
      this.way = `${traceSeed}.0`;
    }
  }

  result(): {
    count: number;
    traceCount: number;
    violation: string | null;
    way: string | null;
    seen: Record<string, number>;
  } {
    const { runCount: count, violation, way, seen } = this;
    return { count, traceCount: this.#traceCount, violation, way, seen };
  }
}

/** How many cuts of the first start after the rot are tried. */
const CUTS_PER_CASE = 4;

export async function runRot(
  trace: Trace,
  draw: number,
): Promise<{ readonly kind: string; readonly violation: string | null }> {
  const random = new SimRandom(trace.seed * 1_000 + draw);
  const kind = random.pick(KINDS);
  const moment = random.pick(trace.moments);
  const files = moment.files.crash('keep_all', random);
  const spots = spotsOf(files);
  const hits = spoil(files, kind, random);
  if (hits === null) return { kind: 'nothing', violation: null };
  const silent = mayBeSilent(files, hits, spots);
  const rotten: Case = { trace, moment, kind, hits, spots, silent };
  const clock = new SimClock();
  const moments: { files: SimFiles; settled: Set<string> }[] = [];
  const name = hits.map((hit) => `${hit.path}@${hit.from}`).join(' ');
  try {
    const first = await settleWithin(
      clock,
      start(rotten, files.snapshot(), random, moments, clock),
    );
    if (first !== null) return { kind, violation: `${first} (${kind} ${name})` };
    for (let cut = 0; cut < CUTS_PER_CASE && moments.length > 0; cut++) {
      const at = random.pick(moments);
      const strategy = random.pick(CRASH_STRATEGIES);
      const cutFiles = at.files.crash(strategy, random);
      const again = startAgain(rotten, cutFiles, at.settled, random, clock);
      const violation = await settleWithin(clock, again);
      if (violation !== null)
        return { kind, violation: `${violation} (${kind} ${name}, ${strategy} in recovery)` };
    }
    return { kind, violation: null };
  } catch (error) {
    return { kind, violation: `I7: ${messageOf(error)} (${kind} ${name})` };
  }
}
