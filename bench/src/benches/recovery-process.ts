// Fills a spool, or opens one, in a process of its own. Usage: fill DIR BYTES sealed|cut, open DIR;
// with a signed tree of one frame an event: fill-tree DIR FRAMES, open-tree DIR.
import { randomBytes } from 'node:crypto';
import { createSequencer, type RawBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool } from '@weir/spool';
import { monotonicSeconds } from '../clock.js';

const EVENTS = 512;
const EVENT_BYTES = 256;
const STREAMS = 16;
const IN_FLIGHT_MAX = 32;
const FRAME_BYTES = EVENTS * (EVENT_BYTES + 4) + 256;
const MiB = 1024 * 1024;
const smallEvent = { eventCount: 1, bytes: randomBytes(64), offsets: Uint32Array.of(0, 64) };

const [task = '', directory = '', bytesText = '', ending = ''] = process.argv.slice(2);
const ports = { files: nodeFiles(), clock: nodeClock, timers: nodeTimers, random: nodeRandom };
const isSigned = task.endsWith('-tree');
const open = (segmentBytes: number) =>
  openSpool({
    directory,
    ...ports,
    consumers: ['bench'],
    segmentBytes,
    bytesMax: Number.MAX_SAFE_INTEGER,
    evidence: isSigned ? { keysDirectory: `${directory}-keys` } : null,
  });

if (task === 'open' || task === 'open-tree') await measureOpening();
else if (task === 'fill-tree') await fillTree(Number(bytesText));
else await fill(Number(bytesText));

async function measureOpening(): Promise<void> {
  const startedAt = monotonicSeconds();
  const [sinceMs, stall] = [() => (monotonicSeconds() - startedAt) * 1000, watchStalls()];
  const spool = await open(64 * MiB);
  const openMs = sinceMs();
  const checkpoint = await spool.checkpointNow();
  const [checkpointMs, stallMs] = [sinceMs(), stall()];
  const { bytesUsed, segmentCount } = spool.stats();
  const { scannedSegmentCount } = spool.report;
  const residentMiB = process.resourceUsage().maxRSS / 1024;
  const tree = { checkpointMs, stallMs, frameCount: checkpoint?.size ?? 0 };
  process.stdout.write(
    JSON.stringify({ openMs, residentMiB, segmentCount, scannedSegmentCount, bytesUsed, ...tree }),
  );
  await spool.close();
}

/** The result ends it, and gives the longest time between two turns of the event loop. */
function watchStalls(): () => number {
  let [lastAt, longest] = [monotonicSeconds(), 0];
  const look = (): void => {
    const now = monotonicSeconds();
    longest = Math.max(longest, now - lastAt);
    lastAt = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    clearInterval(timer);
    look();
    return longest * 1000;
  };
}

/** Small frames, as from many quiet streams, none of them taken. */
async function fillTree(frameCount: number): Promise<void> {
  // The timers of a spool keep no process alive.
  const alive = setInterval(() => undefined, 1_000);
  const spool = await open(64 * MiB);
  const sequencer = createSequencer({ epoch: spool.epoch });
  for (let done = 0; done < frameCount; ) {
    const appends: Promise<unknown>[] = [];
    for (; appends.length < 2_048 && done < frameCount; done++)
      appends.push(spool.append(sequencer.assign(batchOf(spool.nodeId, done, smallEvent))));
    await Promise.all(appends);
    // What is not hashed at a stop waits for the next start: here nothing may.
    if (done % 65_536 < 2_048) await spool.checkpointNow();
  }
  await spool.checkpointNow();
  await spool.close();
  clearInterval(alive);
}

async function fill(bytes: number): Promise<void> {
  const segmentBytes = bytes < 512 * MiB ? MiB : 64 * MiB;
  const spool = await open(segmentBytes);
  // A kill leaves a nearly full segment without a footer.
  const cutAtFrame = Math.floor((segmentBytes / FRAME_BYTES) * 0.95) - 2;
  let newestFrame = 0;
  const sequencer = createSequencer({ epoch: spool.epoch });
  const payloads = Array.from({ length: 8 }, () => randomBytes(EVENTS * EVENT_BYTES));
  const offsets = Uint32Array.from({ length: EVENTS + 1 }, (_, i) => i * EVENT_BYTES);
  const inFlight = new Set<Promise<unknown>>();
  const isEnough = (): boolean => {
    const { bytesUsed, preparedBytes } = spool.stats();
    return ending === 'cut' ? newestFrame >= cutAtFrame : bytesUsed - preparedBytes >= bytes;
  };
  for (let i = 0; !isEnough(); i++) {
    if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight);
    const bytes = payloads[i % payloads.length] as Uint8Array;
    const batch = batchOf(spool.nodeId, i, { eventCount: EVENTS, bytes, offsets });
    const append: Promise<unknown> = spool
      .append(sequencer.assign(batch))
      .then(({ frameNo }) => {
        newestFrame = frameNo;
      })
      .finally(() => inFlight.delete(append));
    inFlight.add(append);
  }
  await Promise.all(inFlight);
  if (ending === 'cut') process.kill(process.pid, 'SIGKILL');
  await spool.close();
}

interface Events {
  readonly eventCount: number;
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

function batchOf(nodeId: string, batchIndex: number, events: Events): RawBatch {
  const { eventCount, bytes, offsets } = events;
  return {
    tenant: 'default',
    stream: `${nodeId}/bench/${batchIndex % STREAMS}`,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: nodeClock.nowNs(),
    eventCount,
    bytes: new Uint8Array(bytes),
    offsets: offsets.slice(),
    marks: new Uint32Array(0),
    runs: [{ eventCount, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
}
