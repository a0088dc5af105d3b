// How long a spool takes to open, and how much memory, by what is in it: after an orderly stop, and
// after a kill that left a whole segment without a footer; and with a long signed tree.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assert } from '@weir/pipeline';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type Measure,
  measure,
} from '../bench.js';
import { type ChartSeries, lineChart } from '../chart.js';
import { spreadOf } from '../report.js';

export const recovery: Bench = {
  name: 'recovery',
  summary: 'time and memory to open a spool, by its size; --svg FILE draws it',
  run,
};

const MiB = 1024 * 1024;
const SIZES_FULL_MIB = [512, 1024, 2048, 4096, 8192];
const SIZES_SMALL_MIB = [4, 8];
const TREE_FRAMES_FULL = 1_000_000;
const TREE_FRAMES_SMALL = 5_000;
const helper = fileURLToPath(new URL('./recovery-process.js', import.meta.url));
const execute = promisify(execFile);

interface Opened {
  readonly openMs: number;
  readonly residentMiB: number;
  readonly segmentCount: number;
  readonly scannedSegmentCount: number;
  readonly bytesUsed: number;
  /** Until the first checkpoint: the whole tree was read. */
  readonly checkpointMs: number;
  /** The longest time between two turns of the event loop, until then. */
  readonly stallMs: number;
  /** Under that checkpoint. */
  readonly frameCount: number;
}
type Ending = 'sealed' | 'cut';

async function run(options: BenchOptions): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const measures: Record<string, Measure> = {};
  const points: Record<Ending, { mib: number; ms: number; residentMiB: number }[]> = {
    sealed: [],
    cut: [],
  };
  try {
    for (const mib of options.small ? SIZES_SMALL_MIB : SIZES_FULL_MIB)
      for (const ending of ['sealed', 'cut'] as const) {
        const opened = await openings(join(directory, 'spool'), mib * MiB, ending, options.runs);
        const times = opened.map(({ openMs }) => openMs);
        const resident = opened.map(({ residentMiB }) => residentMiB);
        const name = `${ending}${mib}MiB`;
        measures[`${name}OpenMs`] = measure('other', 'ms', ...times);
        measures[`${name}ResidentMiB`] = measure('other', 'MiB', ...resident);
        const ms = spreadOf(times).median;
        const residentMiB = spreadOf(resident).median;
        points[ending].push({ mib, ms, residentMiB });
        const { segmentCount, scannedSegmentCount } = opened[0] as Opened;
        options.say(
          `${mib} MiB ${ending}: ${Math.round(ms)} ms, ${Math.round(residentMiB)} MiB resident, ` +
            `${segmentCount} segments, ${scannedSegmentCount} read whole`,
        );
      }
    Object.assign(measures, await openTree(join(directory, 'tree'), options));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (options.svgFile !== null) writeFileSync(options.svgFile, chartOf(points));
  const facts = { cache: 'warm: what was written shortly before is read from memory' };
  return { measures, facts, hash: 'none: payloads are random' };
}

/** Opens a spool whose frames are small and many, all of them under signed checkpoints. */
async function openTree(
  directory: string,
  { small, runs, say }: BenchOptions,
): Promise<Record<string, Measure>> {
  const frames = small ? TREE_FRAMES_SMALL : TREE_FRAMES_FULL;
  await execute(process.execPath, [helper, 'fill-tree', directory, String(frames)]);
  const opened: Opened[] = [];
  for (let i = 0; i < Math.max(1, runs); i++) {
    const { stdout } = await execute(process.execPath, [helper, 'open-tree', directory]);
    opened.push(JSON.parse(stdout) as Opened);
  }
  const { frameCount } = opened[0] as Opened;
  assert(frameCount === frames, `${frames} frames are signed, ${frameCount} were`);
  const measures: Record<string, Measure> = {};
  const texts: string[] = [];
  const add = (name: string, unit: string, pick: (one: Opened) => number): void => {
    const values = opened.map(pick);
    measures[`tree${name}`] = measure('other', unit, ...values);
    texts.push(`${name} ${Math.round(spreadOf(values).median)} ${unit}`);
  };
  add('OpenMs', 'ms', ({ openMs }) => openMs);
  add('CheckpointMs', 'ms', ({ checkpointMs }) => checkpointMs);
  add('StallMs', 'ms', ({ stallMs }) => stallMs);
  add('ResidentMiB', 'MiB', ({ residentMiB }) => residentMiB);
  say(`signed tree of ${frames} frames: ${texts.join(', ')}`);
  return measures;
}

/** Fills the spool up to a size and opens it again and again; each process is a new one. */
async function openings(
  directory: string,
  bytes: number,
  ending: Ending,
  runs: number,
): Promise<Opened[]> {
  const found: Opened[] = [];
  for (let i = 0; i < Math.max(1, runs); i++) {
    // An opening ends what was cut, so each one needs a cut of its own.
    if (i === 0 || ending === 'cut') await fill(directory, bytes, ending);
    const { stdout } = await execute(process.execPath, [helper, 'open', directory]);
    found.push(JSON.parse(stdout) as Opened);
  }
  return found;
}

async function fill(directory: string, bytes: number, ending: Ending): Promise<void> {
  try {
    await execute(process.execPath, [helper, 'fill', directory, String(bytes), ending]);
  } catch (error) {
    const isMeant = ending === 'cut' && (error as { signal?: string }).signal === 'SIGKILL';
    if (!isMeant) throw error;
  }
}

function chartOf(
  points: Record<Ending, readonly { mib: number; ms: number; residentMiB: number }[]>,
): string {
  const seriesOf = (pick: (point: { ms: number; residentMiB: number }) => number): ChartSeries[] =>
    (['sealed', 'cut'] as const).map((ending) => ({
      name: ending === 'sealed' ? 'after an orderly stop' : 'after a kill, 64 MiB to be read',
      points: points[ending].map((point) => [point.mib / 1024, pick(point)] as const),
    }));
  return lineChart('Opening a spool, by what is in it', 'GiB in the spool', [
    { title: 'time to open, ms', limit: 2_000, series: seriesOf(({ ms }) => ms) },
    {
      title: 'resident memory of the process, MiB',
      limit: 200,
      series: seriesOf(({ residentMiB }) => residentMiB),
    },
  ]);
}
