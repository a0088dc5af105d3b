// Fills a spool, or opens one, in a process of its own. Usage: fill DIR BYTES sealed|cut, open DIR.
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

const [task = '', directory = '', bytesText = '', ending = ''] = process.argv.slice(2);
const ports = { files: nodeFiles(), clock: nodeClock, timers: nodeTimers, random: nodeRandom };
const open = (segmentBytes: number) =>
  openSpool({
    directory,
    ...ports,
    consumers: ['bench'],
    segmentBytes,
    bytesMax: Number.MAX_SAFE_INTEGER,
  });

if (task === 'open') {
  const startedAt = monotonicSeconds();
  const spool = await open(64 * MiB);
  const openMs = (monotonicSeconds() - startedAt) * 1000;
  const { bytesUsed, segmentCount } = spool.stats();
  const { scannedSegmentCount } = spool.report;
  const residentMiB = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    JSON.stringify({ openMs, residentMiB, segmentCount, scannedSegmentCount, bytesUsed }),
  );
  await spool.close();
} else {
  await fill(Number(bytesText));
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
    const batch: RawBatch = {
      tenant: 'default',
      stream: `${spool.nodeId}/bench/${i % STREAMS}`,
      retentionClass: 'default',
      format: 'syslog',
      receivedAtNs: nodeClock.nowNs(),
      eventCount: EVENTS,
      bytes: new Uint8Array(payloads[i % payloads.length] as Uint8Array),
      offsets: offsets.slice(),
      marks: new Uint32Array(0),
      runs: [{ eventCount: EVENTS, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
      requestParts: [],
      dispositions: [],
    };
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
