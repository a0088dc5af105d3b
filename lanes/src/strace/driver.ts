// The program that strace tortures: the real spool on real files, and nothing else loaded. Appends
// on three streams, reads, settles, rotates, deletes, closes, opens again. What it did stands in a
// journal outside of the spool. It never ends by an error of the system, except with the exit codes
// below: 3 the spool failed, 4 opening was refused; both are what a collector reports and ends by.
import { systemCodeOf, WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool, type Spool } from '@weir/spool';
import { batchOf, CONSUMER, firstWrongEvent, SEGMENT_BYTES, STREAMS } from './content.js';
import { type DriverTask, EXIT } from './driver-task.js';
import { Journal } from './journal.js';

const task = JSON.parse(process.argv[2] ?? '') as DriverTask;
const journal = new Journal(task.journal);
let state = task.seed >>> 0;
/** mulberry32 */
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${systemCodeOf(error)} ${error.message}` : String(error);

/** The system's errors come as WeirError; anything else is a bug and ends the process. */
function trouble(step: 'refused' | 'failed' | 'io', error: unknown): void {
  if (!(error instanceof WeirError)) throw error;
  journal.process(step, messageOf(error));
}

async function openOnce(): Promise<Spool | null> {
  journal.process('open');
  try {
    const spool = await openSpool({
      directory: task.directory,
      files: nodeFiles(),
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
      consumers: [CONSUMER],
      segmentBytes: SEGMENT_BYTES,
      commitIntervalMs: 0,
    });
    journal.process('opened', `${spool.nodeId} ${spool.epoch}`);
    return spool;
  } catch (error) {
    trouble('refused', error);
    return null;
  }
}

async function appendSome(spool: Spool, next: Map<string, number>): Promise<void> {
  const appends: Promise<void>[] = [];
  for (let i = 1 + random(4); i > 0; i--) {
    const stream = STREAMS[random(STREAMS.length)] ?? STREAMS[0];
    const seqFirst = next.get(stream) ?? 0;
    const batch = batchOf(stream, spool.epoch, seqFirst, 1 + random(6));
    next.set(stream, seqFirst + batch.eventCount);
    journal.batch('issue', batch);
    appends.push(
      spool.append(batch).then(
        () => journal.batch('ack', batch),
        (error: unknown) => {
          if (!(error instanceof WeirError)) throw error;
          journal.batch('reject', batch);
        },
      ),
    );
  }
  await Promise.all(appends);
}

/** Reads what is pending, checks it, and settles part of it. */
async function settleSome(spool: Spool): Promise<void> {
  const consumer = spool.consumer(CONSUMER);
  const { signal } = new AbortController();
  const read = [];
  try {
    for (let left = consumer.pendingFrameCount; left > 0; left--) {
      const next = await consumer.read(signal);
      if (next === null) break;
      const wrong = firstWrongEvent(next.batch);
      if (wrong !== null) journal.process('wrong', `a consumer was given other bytes: ${wrong}`);
      read.push(next);
    }
    const asked = read.slice(0, 1 + random(read.length + 1));
    const last = asked.at(-1);
    if (last !== undefined) {
      for (const { batch } of asked) journal.batch('ask', batch);
      await consumer.settle(last.position);
      for (const { batch } of asked) journal.batch('settled', batch);
    }
  } catch (error) {
    trouble('io', error);
  }
  consumer.rewind();
}

async function main(): Promise<number> {
  for (let i = 0; i < task.openCount; i++) {
    const spool = await openOnce();
    if (spool === null) return EXIT.openRefused;
    const next = new Map<string, number>();
    for (let round = 0; round < task.roundCount && spool.failure === null; round++) {
      await appendSome(spool, next);
      if (round % 2 === 1) await settleSome(spool);
    }
    try {
      await spool.close();
    } catch (error) {
      trouble('io', error);
    }
    if (spool.failure !== null) {
      journal.process('failed', messageOf(spool.failure));
      return EXIT.spoolFailed;
    }
  }
  journal.process('end');
  return EXIT.done;
}

if (task.bug !== null) {
  const { plantBug } = await import('@weir/pipeline/testing');
  plantBug(task.bug as Parameters<typeof plantBug>[0]);
}
// The spool's timers keep no process alive; a collector's listeners do.
const alive = setInterval(() => {}, 60_000);
process.exitCode = await main();
clearInterval(alive);
