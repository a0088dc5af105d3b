// Admitted batches to durable frames: zstd, CRC32C, group commit, fdatasync. Beside it, in the same
// run, the floor: the same bytes written by plain Node with an fdatasync each MiB, uncompressed.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createSequencer } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool } from '@weir/spool';
import { type GeneratedBatches, generateBatches } from '../batches.js';
import { type BenchOptions, type BenchResult, repeat } from '../bench.js';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import { profiled } from '../profile.js';

const EVENTS_FULL = 1_000_000;
const EVENTS_SMALL = 20_000;
const STREAMS = 4;
/** As many as four connections keep under way. */
const APPENDS_IN_FLIGHT_MAX = 64;
const FLOOR_SYNC_BYTES = 1024 * 1024;

interface Figures {
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly bytesOnDisk: number;
}

export async function spoolInMemory(options: BenchOptions, work: string): Promise<BenchResult> {
  const input = generateBatches(options.small ? EVENTS_SMALL : EVENTS_FULL, options.seed, STREAMS);
  let bytesOnDisk = 0;
  const once = async (run: number) => {
    const directory = join(work, `spool-${run}`);
    const spooled = await spoolOnce(input, directory);
    const floor = floorOnce(input, join(work, 'floor'));
    rmSync(directory, { recursive: true });
    bytesOnDisk = spooled.bytesOnDisk;
    return {
      memoryEventsPerSecond: ['throughput', 'events/s', spooled.eventsPerSecond],
      memoryCpuSecondsPerMillion: ['cpu', 'CPU-s/M', spooled.cpuSecondsPerMillion],
      memoryFloorEventsPerSecond: ['other', 'events/s', floor.eventsPerSecond],
      memoryFloorCpuSecondsPerMillion: ['other', 'CPU-s/M', floor.cpuSecondsPerMillion],
      memoryRatioToFloor: ['other', '', spooled.eventsPerSecond / floor.eventsPerSecond],
    } as const;
  };
  const measures = await profiled(options.profileDirectory, 'spool-memory', () =>
    repeat(options, once),
  );
  const facts = {
    memoryEvents: input.eventCount,
    memoryBytes: input.byteCount,
    compression: Number((input.byteCount / bytesOnDisk).toFixed(2)),
    memoryResidentMiBMax: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  return { measures, facts, hash: input.hash };
}

async function spoolOnce(input: GeneratedBatches, directory: string): Promise<Figures> {
  const ports = { files: nodeFiles(), clock: nodeClock, timers: nodeTimers, random: nodeRandom };
  const opened = await openSpool({ directory, ...ports, consumers: ['bench'] });
  const sequencer = createSequencer({ epoch: opened.epoch });
  const cpuBefore = ownCpuSeconds();
  const startedAt = monotonicSeconds();
  const inFlight = new Set<Promise<unknown>>();
  for (const batch of input.batches) {
    if (inFlight.size >= APPENDS_IN_FLIGHT_MAX) await Promise.race(inFlight);
    const append: Promise<unknown> = opened
      .append(sequencer.assign(batch))
      .finally(() => inFlight.delete(append));
    inFlight.add(append);
  }
  await Promise.all(inFlight);
  const seconds = monotonicSeconds() - startedAt;
  const cpuSeconds = ownCpuSeconds() - cpuBefore;
  const { bytesUsed, preparedBytes } = opened.stats();
  await opened.close();
  return figuresOf(input, seconds, cpuSeconds, bytesUsed - preparedBytes);
}

function floorOnce(input: GeneratedBatches, path: string): Figures {
  const file = openSync(path, 'w');
  const cpuBefore = ownCpuSeconds();
  const startedAt = monotonicSeconds();
  let unsynced = 0;
  for (const batch of input.batches) {
    unsynced += writeSync(file, batch.bytes);
    if (unsynced < FLOOR_SYNC_BYTES) continue;
    fdatasyncSync(file);
    unsynced = 0;
  }
  fdatasyncSync(file);
  const seconds = monotonicSeconds() - startedAt;
  const cpuSeconds = ownCpuSeconds() - cpuBefore;
  closeSync(file);
  rmSync(path);
  return figuresOf(input, seconds, cpuSeconds, input.byteCount);
}

const figuresOf = (
  input: GeneratedBatches,
  seconds: number,
  cpuSeconds: number,
  bytesOnDisk: number,
): Figures => ({
  eventsPerSecond: input.eventCount / seconds,
  cpuSecondsPerMillion: (cpuSeconds / input.eventCount) * 1e6,
  bytesOnDisk,
});
