// Cutting a spool that signs off at any operation, and altering its tree files. Used by the fault
// test, in threads of its own: the runner's hooks on promises would triple the time.
import { CRASH_STRATEGIES, SimClock, type SimFiles, SimRandom } from '@weir/pipeline/testing';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, type SimWorld } from '../test-spool.js';
import { openWithEvidence, type Published, treeProblem } from './test-evidence.js';
import { checkpointTextOf } from './tree-files.js';

interface Moment {
  readonly files: SimFiles;
  readonly published: readonly Published[];
  readonly operation: string;
}

/** Two runs with rotation, settling and deletion; every moment before a change. */
async function record(world: SimWorld): Promise<Moment[]> {
  const moments: Moment[] = [];
  const published: Published[] = [];
  const { files, random } = world;
  files.onOperation = ({ kind, path, isMutation }) => {
    if (isMutation)
      moments.push({
        files: files.snapshot(),
        published: [...published],
        operation: `${kind} ${path}`,
      });
    return null;
  };
  for (let process = 0; process < 2; process++) {
    const spool = await openWithEvidence(world, { treeFileBytesMax: 3_000 });
    spool.onCheckpoint(({ note, size }) => published.push({ note, size }));
    let seq = 0;
    for (let round = 0; round < 8; round++) {
      const appends: Promise<unknown>[] = [];
      for (let left = 1 + random.below(4); left > 0; left--) {
        const count = 1 + random.below(4);
        const batch = textBatch('n/a/0', spool.epoch, seq, count, random.below(300));
        appends.push(spool.append(batch));
        seq += count;
      }
      await Promise.all(appends);
      if (round % 2 === 1) {
        const consumer = spool.consumer('loader');
        const read = await drain(consumer);
        const last = read[random.below(read.length)];
        if (last !== undefined) await consumer.settle(last.position);
        consumer.rewind();
      }
    }
    await spool.close();
  }
  files.onOperation = null;
  moments.push({ files: files.snapshot(), published: [...published], operation: 'end' });
  return moments;
}

/** Opens what is left, goes on, and checks all that was published before and since. */
async function check(files: SimFiles, before: readonly Published[], draw: number) {
  const world = { files, clock: new SimClock(), random: new SimRandom(draw) };
  const published = [...before];
  const left: string[] = [];
  const spool = await openWithEvidence(world, {
    treeFileBytesMax: 3_000,
    onNewTree: (_, reason) => left.push(reason),
  });
  spool.onCheckpoint(({ note, size }) => published.push({ note, size }));
  await spool.append(textBatch('n/b/0', spool.epoch, 0, 2));
  const checkpoint = await spool.checkpointNow();
  const problem = spool.evidence?.problem ?? null;
  await spool.close();
  const treeNumber = checkpoint?.treeNumber ?? 0;
  const found =
    checkpoint === null && problem === null
      ? 'nothing was signed'
      : ((await treeProblem(files, published)) ?? forkOf(published));
  return { found, treeNumber, left: left.join() };
}

/** Two notes of one origin and size with different roots. */
function forkOf(published: readonly Published[]): string | null {
  const roots = new Map<string, string>();
  for (const { note } of published) {
    const says = checkpointTextOf(note);
    if (says === null) return 'a note that is no checkpoint';
    const key = `${says.treeNumber} ${says.size}`;
    const root = Buffer.from(says.root).toString('hex');
    if ((roots.get(key) ?? root) !== root) return `a fork at ${key}`;
    roots.set(key, root);
  }
  return null;
}

export interface CutResult {
  readonly violation: string | null;
  readonly stateCount: number;
  readonly nestedCount: number;
  readonly publishedCount: number;
  /** Trees that a cut alone has cost although something of them was published. */
  readonly newTrees: readonly string[];
}

/** Cuts at every operation of as many runs as it takes. */
export async function exploreCuts(seed: number, stateCountMin: number): Promise<CutResult> {
  const random = new SimRandom(seed);
  const seen = new Set<string>();
  const newTrees: string[] = [];
  let [nestedCount, publishedCount] = [0, 0];
  const result = (violation: string | null): CutResult => {
    return { violation, stateCount: seen.size, nestedCount, publishedCount, newTrees };
  };
  while (seen.size < stateCountMin) {
    const moments = await record(newWorld(random.u32()));
    publishedCount += moments.at(-1)?.published.length ?? 0;
    for (const moment of moments) {
      for (const strategy of CRASH_STRATEGIES) {
        const files = moment.files.crash(strategy, random);
        const key = `${files.fingerprint()} ${moment.published.length}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const where = `${strategy} before ${moment.operation}, seed ${seed}`;
        const nested = random.chance(0.05) ? files.snapshot() : null;
        const { found, treeNumber, left } = await check(files, moment.published, random.u32());
        if (found !== null) return result(`${found} (${where})`);
        if (treeNumber !== 1 && moment.published.length > 0) newTrees.push(`${left}: ${where}`);
        if (nested === null) continue;
        nestedCount++;
        const violation = await cutAgain(nested, moment.published, random, where);
        if (violation !== null) return result(violation);
      }
    }
  }
  return result(null);
}

/** Cuts the recovery at one of its own operations. */
async function cutAgain(
  files: SimFiles,
  published: readonly Published[],
  random: SimRandom,
  where: string,
): Promise<string | null> {
  const inner: Moment[] = [];
  const since: Published[] = [...published];
  files.onOperation = ({ isMutation, kind, path }) => {
    if (isMutation)
      inner.push({ files: files.snapshot(), published: [...since], operation: `${kind} ${path}` });
    return null;
  };
  const world = { files, clock: new SimClock(), random: new SimRandom(random.u32()) };
  const spool = await openWithEvidence(world);
  spool.onCheckpoint(({ note, size }) => since.push({ note, size }));
  await spool.append(textBatch('n/c/0', spool.epoch, 0, 2));
  await spool.checkpointNow();
  await spool.close();
  files.onOperation = null;
  for (let i = 0; i < 6; i++) {
    const moment = inner[random.below(inner.length)] as Moment;
    const cut = moment.files.crash(random.pick([...CRASH_STRATEGIES]), random);
    const { found } = await check(cut, moment.published, random.u32());
    if (found !== null) return `${found} (recovery ${moment.operation} after ${where})`;
  }
  return null;
}

export interface AlterResult {
  readonly violation: string | null;
  readonly hasHistory: boolean;
  /** How often the tree went on, and how often the next one began. */
  readonly sameCount: number;
  readonly nextCount: number;
}

/** Flips a bit of a tree file, or cuts it short, and opens the spool on it. */
export async function alterTree(seed: number, attempts: number): Promise<AlterResult> {
  const random = new SimRandom(seed);
  let end: Moment | null = null;
  let hasHistory = false;
  let [sameCount, nextCount] = [0, 0];
  for (let i = 0; i < attempts; i++) {
    // In some runs the newest file ends with its first checkpoint: then every alteration costs it.
    if (end === null || i % 100 === 0)
      end = (await record(newWorld(random.u32()))).at(-1) as Moment;
    const paths = end.files.paths.filter((path) => path.includes('/tree/'));
    hasHistory ||= paths.some((path) => path.endsWith('history'));
    const files = end.files.snapshot();
    const path = random.pick(paths);
    const size = files.contentOf(path)?.length ?? 0;
    const at = random.below(size);
    const isCut = random.chance(0.2);
    if (isCut) {
      const handle = await files.open(path, 'write');
      await handle.truncate(at);
      await handle.close();
    } else files.flipBit(path, at, random.below(8));
    const { found, treeNumber } = await check(files, end.published, random.u32());
    const what = `${isCut ? 'cut' : 'flip'} at ${at} of ${size} in ${path}, seed ${seed}`;
    if (found !== null) return { violation: `${found}: ${what}`, hasHistory, sameCount, nextCount };
    if (treeNumber === 1) sameCount++;
    else nextCount++;
  }
  return { violation: null, hasHistory, sameCount, nextCount };
}
