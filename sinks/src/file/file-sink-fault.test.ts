// Scenario: a file sink behind its delivery, with rotation, quarantine and refusals to count; the
// power fails, or the process is killed, before any single operation, and a new process goes on
// from what is left. Guarantees: when all is settled, every row is in the files once and in order,
// every quarantined row is in the dead letter once, and the ledger has every number under its kind.
// At each crash the ledger names no row as stored that is not in a file.
import type { FramePosition, SequencedBatch } from '@weir/pipeline';
import { CRASH_STRATEGIES, SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { MemoryConsumer } from '../delivery/testing/memory-consumer.js';
import {
  deadLines,
  ledgerOf,
  rowOf,
  startRig,
  textBatch,
  textOf,
} from '../delivery/testing/rig.js';
import { createFileSink } from './index.js';

const PATH = '/out/events.ndjson';
const seed = testSeed(20_260_303);
const BATCH_COUNT = 14;

interface Moment {
  readonly files: SimFiles;
  readonly frontier: FramePosition | null;
  readonly operation: string;
}

function batches(random: SimRandom): SequencedBatch[] {
  const made: SequencedBatch[] = [];
  let seqFirst = 0;
  for (let i = 0; i < BATCH_COUNT; i++) {
    const texts = Array.from({ length: random.below(5) + 1 }, (_, row) => {
      const prefix = random.chance(0.15) ? 'bad' : random.chance(0.15) ? 'drop' : 'row';
      return `${prefix} ${i}.${row}`;
    });
    made.push(textBatch({ texts, seqFirst }));
    seqFirst += texts.length;
  }
  return made;
}

/** The frontier is durable on its own, as in the spool. */
function consumerOf(all: readonly SequencedBatch[], frontier: FramePosition | null) {
  const consumer = new MemoryConsumer();
  for (const batch of all) consumer.append(batch);
  consumer.frontier = frontier;
  return consumer;
}

async function runToEnd(
  files: SimFiles,
  all: readonly SequencedBatch[],
  frontier: FramePosition | null,
  note: ((operation: string, frontier: FramePosition | null) => void) | null,
): Promise<void> {
  const consumer = consumerOf(all, frontier);
  if (note !== null)
    files.onOperation = ({ kind, path, isMutation }) => {
      if (isMutation) note(`${kind} ${path}`, consumer.frontier);
      return null;
    };
  const sink = createFileSink({ path: PATH, maxFileBytes: 150, compression: 'none' }, { files });
  const rig = await startRig(sink, { files, consumer, limits: { groupEventsMax: 6 } });
  await rig.settleAll();
  await rig.stop();
}

/** All rows of all files, oldest file first. */
function rowsIn(files: SimFiles): string[] {
  const rotated = files.paths.filter((path) => path.startsWith(`${PATH}.`));
  return [...rotated, PATH].flatMap((path) => textOf(files, path).split('\n').slice(0, -1));
}

function expectedOf(all: readonly SequencedBatch[]) {
  const [rows, bad, drops]: [string[], number[], number[]] = [[], [], []];
  for (const { seqFirst, eventCount, bytes, offsets } of all)
    for (let row = 0; row < eventCount; row++) {
      const text = new TextDecoder().decode(bytes.subarray(offsets[row], offsets[row + 1]));
      if (text.startsWith('bad')) bad.push(seqFirst + row);
      else if (text.startsWith('drop')) drops.push(seqFirst + row);
      else rows.push(rowOf(seqFirst + row, text));
    }
  return { rows, bad, drops };
}

async function check(
  files: SimFiles,
  all: readonly SequencedBatch[],
  frontier: FramePosition | null,
): Promise<string | null> {
  const { rows, bad, drops } = expectedOf(all);
  const found = rowsIn(files);
  const stored = (await ledgerOf(files))?.stored ?? 0;
  if (found.slice(0, stored).join() !== rows.slice(0, stored).join())
    return `the ledger has ${stored} rows, the files do not`;
  await files.makeDir('/data');
  await runToEnd(files, all, frontier, null);
  const after = rowsIn(files);
  if (after.join() !== rows.join()) return `files have ${after.length} rows of ${rows.length}`;
  const dead = deadLines(files).map(({ seq }) => seq);
  if (dead.join() !== bad.join()) return `the dead letter has ${dead}, not ${bad}`;
  const entry = await ledgerOf(files);
  const kinds = [entry?.stored, entry?.quarantined, entry?.filtered].join();
  const wanted = [rows.length, bad.length, drops.length].join();
  if (kinds !== wanted) return `the ledger says ${kinds}, not ${wanted}`;
  return entry?.missing.length === 0 ? null : 'the ledger has holes';
}

t.test(`every crash point, seed ${seed}`, async (t) => {
  let stateCount = 0;
  const runCount = process.env.WEIR_LONG === '1' ? 10 : 1;
  for (let run = 0; run < runCount; run++) {
    const random = new SimRandom(seed + run);
    const all = batches(random);
    const moments: Moment[] = [];
    const files = new SimFiles();
    await runToEnd(files, all, null, (operation, frontier) =>
      moments.push({ files: files.snapshot(), frontier, operation }),
    );
    t.equal(await check(files, all, null), null, 'without a crash, and sent again');
    for (const { files, frontier, operation } of moments)
      for (const strategy of CRASH_STRATEGIES) {
        stateCount++;
        const problem = await check(files.crash(strategy, random), all, frontier);
        if (problem === null) continue;
        t.fail(`${problem} (seed ${seed + run}, ${strategy} before ${operation})`);
        return;
      }
  }
  t.ok(stateCount > 300, `${stateCount} states`);
});
