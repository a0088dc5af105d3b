// Admitted batches to durable frames: zstd, CRC32C, group commit, fdatasync. Beside it, in the same
// run, the floor: the same bytes written by plain Node with an fdatasync each MiB, uncompressed.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSequencer, type RawBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool } from '@weir/spool';
import { type GeneratedBatches, generateBatches } from '../batches.js';
import type { Bench, BenchOptions, BenchResult } from '../bench.js';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import { formatSpread, spreadOf } from '../report.js';

const EVENTS_FULL = 1_000_000;
const EVENTS_SMALL = 20_000;
const STREAMS = 4;
/** As many as four connections keep under way. */
const APPENDS_IN_FLIGHT_MAX = 64;
const FLOOR_SYNC_BYTES = 1024 * 1024;

export const spool: Bench = {
  name: 'spool',
  summary: 'admitted batches to durable frames, beside a plain write with fdatasync each MiB',
  run,
};

interface Figures {
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly bytesOnDisk: number;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const input = generateBatches(options.small ? EVENTS_SMALL : EVENTS_FULL, options.seed, STREAMS);
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const spoolRuns: Figures[] = [];
  const floorRuns: Figures[] = [];
  try {
    for (let i = 0; i <= options.runs; i++) {
      const spooled = await spoolOnce(input, join(directory, `spool-${i}`));
      const floor = floorOnce(input, join(directory, 'floor'));
      rmSync(join(directory, `spool-${i}`), { recursive: true });
      if (i === 0) continue; // warm-up
      spoolRuns.push(spooled);
      floorRuns.push(floor);
      options.say(
        `run ${i}: ${Math.round(spooled.eventsPerSecond)} events/s, floor ${Math.round(floor.eventsPerSecond)}`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return resultOf(input, spoolRuns, floorRuns);
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
  const { bytesUsed } = opened.stats();
  await opened.close();
  return figuresOf(input, seconds, cpuSeconds, bytesUsed);
}

function floorOnce(input: GeneratedBatches, path: string): Figures {
  const file = openSync(path, 'w');
  const cpuBefore = ownCpuSeconds();
  const startedAt = monotonicSeconds();
  let unsynced = 0;
  for (const batch of input.batches as readonly RawBatch[]) {
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

function figuresOf(
  input: GeneratedBatches,
  seconds: number,
  cpuSeconds: number,
  bytesOnDisk: number,
): Figures {
  return {
    eventsPerSecond: input.eventCount / seconds,
    cpuSecondsPerMillion: (cpuSeconds / input.eventCount) * 1e6,
    bytesOnDisk,
  };
}

function resultOf(
  input: GeneratedBatches,
  spoolRuns: readonly Figures[],
  floorRuns: readonly Figures[],
): BenchResult {
  const eventsPerSecond = spreadOf(spoolRuns.map((run) => run.eventsPerSecond));
  const cpu = spreadOf(spoolRuns.map((run) => run.cpuSecondsPerMillion));
  const floorEvents = spreadOf(floorRuns.map((run) => run.eventsPerSecond));
  const floorCpu = spreadOf(floorRuns.map((run) => run.cpuSecondsPerMillion));
  const ratio = spreadOf(
    spoolRuns.map((run, i) => run.eventsPerSecond / (floorRuns[i]?.eventsPerSecond ?? 1)),
  );
  const compression = input.byteCount / (spoolRuns[0]?.bytesOnDisk ?? 1);
  return {
    hash: input.hash,
    figures: {
      events: input.eventCount,
      bytes: input.byteCount,
      compression,
      eventsPerSecond,
      cpuSecondsPerMillion: cpu,
      floorEventsPerSecond: floorEvents,
      floorCpuSecondsPerMillion: floorCpu,
      ratioToFloor: ratio,
    },
    lines: [
      `events                 ${input.eventCount.toLocaleString('en-US')}, ${Math.round(input.byteCount / input.eventCount)} bytes each`,
      `events/s               ${formatSpread(eventsPerSecond, 0)}`,
      `CPU-s per million      ${formatSpread(cpu, 2)}`,
      `compression            ${compression.toFixed(2)}`,
      `floor events/s         ${formatSpread(floorEvents, 0)}`,
      `floor CPU-s per million ${formatSpread(floorCpu, 2)}`,
      `ratio to floor         ${formatSpread(ratio, 2)}`,
    ],
  };
}
