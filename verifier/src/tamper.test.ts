// Scenario: genuine bundles of simulated nodes are tampered with in every way of mutants.ts.
// Guarantees: every mutant is found, by both verifiers alike. A tail cut at a checkpoint together
// with its receipts holds, is reported as unanchored, and fails once an anchor reaches beyond it.
import t from 'tap';
import { bothVerify } from './compare.js';
import { MAKERS, type World } from './mutants.js';
import { Dice, type Line, SimNode, seal } from './sim-node.js';

const isLong = process.env.WEIR_LONG === '1';
const seed = Number(process.env.WEIR_SEED ?? 20_261_121);
const mutantsPerKind = isLong ? 1200 : 120;
const worldCount = isLong ? 60 : 12;

function worldOf(number: number): World {
  const node = new SimNode(number, { steps: 45 + (number % 5) * 8 });
  const { nodeId } = node;
  const lines = node.lines();
  const fork = new SimNode(number + 500_000, { steps: 45, nodeId });
  const stranger = new SimNode(number + 900_000, { steps: 45 });
  return {
    ...{ node, lines, texts: seal(lines, node.loaderKey) },
    fork: { node: fork, lines: fork.lines() },
    stranger: { node: stranger, lines: stranger.lines() },
  };
}

/** Which line of a note does not fit, by what is expected there. */
function lineOf(due: string): string {
  if (/^(lines|bytes) /.test(due)) return 'the seal does not fit';
  if (/^\d+$/.test(due)) return 'the size does not fit';
  if (due.startsWith('weir/')) return 'the origin does not fit';
  const word = /^(receipt|previous|outcomes|state) /.exec(due)?.[1];
  return `the ${word ?? 'root'} does not fit`;
}

/** A problem without its figures and names: which check it was. */
const checkOf = (problem: string): string =>
  problem
    .replace(/a note says "[^"]*", not "([^"]*)"/, (_, due: string) => `note: ${lineOf(due)}`)
    .replace(/^(line) \d+|^(sink) \S+/, '$1$2')
    .replace(/"[^"]*"/g, '..')
    .replace(/members: .*/, 'members')
    .replace(/^(line: ).*\bJSON\b.*/, '$1not JSON')
    .replace(/(?:weir|[0-9a-f]{12})\/\S*/g, '..')
    .replace(/\d+/g, 'N')
    .slice(0, 90);

// The long size takes some minutes.
t.setTimeout(900_000);

t.test(`mutants of seed ${seed}`, async (t) => {
  const worlds = Array.from({ length: worldCount }, (_, i) => worldOf(seed + i));
  for (const { texts, node } of worlds)
    t.ok((await bothVerify(texts, node.keys)).holds, `the bundle of ${node.nodeId} holds`);
  let total = 0;
  for (const [k, [name, maker]] of MAKERS.entries()) {
    const dice = new Dice(seed + k);
    const checks = new Map<string, number>();
    let made = 0;
    const undetected: string[] = [];
    for (let attempt = 0; made < mutantsPerKind && attempt < mutantsPerKind * 40; attempt++) {
      const world = dice.pick(worlds);
      const mutant = maker(dice, world);
      if (mutant === null) continue;
      made++;
      const report = await bothVerify(mutant.lines, world.node.keys, mutant.anchors);
      if (report.holds) undetected.push(`attempt ${attempt} on ${world.node.nodeId}`);
      const check = checkOf(report.problems[0] ?? 'nothing');
      checks.set(check, (checks.get(check) ?? 0) + 1);
    }
    total += made;
    t.same(undetected, [], `${name}: ${made} mutants, all found`);
    t.equal(made, mutantsPerKind, `${name}: ${made} made`);
    t.comment(`${name}: ${made}`);
    for (const [check, times] of [...checks].sort(([, a], [, b]) => b - a))
      t.comment(`    ${String(times).padStart(5)}  ${check}`);
  }
  t.ok(total >= (isLong ? 20_000 : 2000), `${total} mutants`);
});

/** Behind the k-th checkpoint the tree ends, and so do the receipts of what came later. */
function cutAt(lines: readonly Line[], checkpoint: number): Line[] {
  const end = lines.findIndex(({ type }) => type === 'sink');
  const tree = lines.slice(0, checkpoint + 1);
  const sinks = lines.slice(end).filter(({ type, signed }) => type === 'sink' && signed === true);
  return [...tree, ...sinks];
}

t.test('a cut tail is unanchored, and an error once an anchor is beyond it', async (t) => {
  let cuts = 0;
  for (let i = 0; i < 6; i++) {
    const node = new SimNode(seed + 70 + i, { steps: 60 });
    const lines = node.lines();
    for (const [at, line] of lines.entries()) {
      if (line.type !== 'checkpoint') continue;
      const cut = seal(cutAt(lines, at), node.loaderKey);
      const size = Number(/\n(\d+)\n/.exec(String(line.note))?.[1]);
      const report = await bothVerify(cut, node.keys);
      t.match(report, { holds: true, size, unanchored: size }, `holds, ${size} unanchored`);
      const note = String(line.note);
      t.match(await bothVerify(cut, node.keys, [note]), { holds: true, unanchored: 0 });
      const later = node.notes.find((other) => other.size > size)?.note;
      if (later === undefined) continue;
      const { holds, problems } = await bothVerify(cut, node.keys, [later]);
      t.equal(holds, false);
      t.match(problems[0], /cut off/);
      cuts++;
    }
  }
  t.ok(cuts > 10, `${cuts} cuts`);
});
