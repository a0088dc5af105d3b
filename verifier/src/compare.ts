// Both verifiers on one case: the same verdict and the same figures, or an error that says where
// they differ.
import { type BundleReport, verifyBundle } from '../weir-verify.mjs';
import { second } from './second.js';

/** The report of the first; throws if the second says anything else. */
export async function bothVerify(
  lines: readonly string[],
  keys: readonly string[],
  anchors: readonly string[] = [],
): Promise<BundleReport> {
  const first = await verifyBundle(lines, { keys, anchors });
  const other = second(lines, keys, anchors);
  const same = (what: string, one: unknown, two: unknown): void => {
    const [a, b] = [JSON.stringify(one), JSON.stringify(two)];
    const why = `${first.problems[0] ?? 'no problem'} / ${other.why}`;
    if (a !== b) throw new Error(`the verifiers differ in ${what}: ${a} and ${b}; ${why}`);
  };
  same('holds', first.holds, other.holds);
  same('closes', first.closes, other.closes);
  if (!first.holds) return first;
  same('unanchored', first.unanchored, other.unanchored);
  same('checkpoints', first.checkpoints, other.checkpoints);
  same(
    'sinks',
    first.sinks.map(({ id }) => id),
    [...other.figures.keys()],
  );
  for (const { id, streams } of first.sinks) {
    const figures = other.figures.get(id);
    same(`streams of ${id}`, streams.length, figures?.size);
    for (const stream of streams) {
      const { tenant, stream: name, epoch, missing, lost, refused, ...counts } = stream;
      const key = JSON.stringify([tenant, name, epoch]);
      const found = figures?.get(key);
      if (found === undefined) throw new Error(`the second verifier has no ${key} in ${id}`);
      const { missing: numbers, lost: lostThere, refused: refusedThere, ...others } = found;
      const sorted = (record: object): unknown => Object.entries(record).sort();
      same(`counts of ${key} in ${id}`, sorted(counts), sorted(others));
      same(`losses of ${key} in ${id}`, sorted(lost), sorted(lostThere));
      same(`refusals of ${key} in ${id}`, sorted(refused), sorted(refusedThere));
      const all = missing.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
      same(`missing numbers of ${key} in ${id}`, all, numbers);
    }
  }
  return first;
}
