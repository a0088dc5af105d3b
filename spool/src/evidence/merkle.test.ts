// Scenario: trees of random sizes, with views that begin anywhere. Guarantees: roots, inclusion and
// consistency proofs are those of the recursive definition of RFC 6962 section 2.1, and no altered
// proof passes.
import fc from 'fast-check';
import t from 'tap';
import {
  checkConsistency,
  checkInclusion,
  EMPTY_ROOT,
  type Hash,
  leafHash,
  nodeHash,
  Peaks,
  peakCountOf,
  rootOf,
  SpanNodes,
  sha256,
  spansOf,
  TreeView,
} from './merkle.js';

const leavesOf = (count: number): Hash[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`head ${i}`), sha256(`body ${i}`)));

/** The definition, word for word. */
function naiveRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Hash;
  const split = splitOf(leaves.length);
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}
function naivePath(index: number, leaves: readonly Hash[]): Hash[] {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - split, right), naiveRoot(left)];
}
function naiveProof(size: number, leaves: readonly Hash[], isWhole = true): Hash[] {
  if (size === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...naiveProof(size, left, isWhole), naiveRoot(right)]
    : [...naiveProof(size - split, right, false), naiveRoot(left)];
}
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));
const hex = (hashes: readonly Hash[]): string[] =>
  hashes.map((one) => Buffer.from(one).toString('hex'));

const runs = { numRuns: process.env.WEIR_LONG === '1' ? 2_000 : 150 };

t.test('leaf and node hashes are domain separated', async (t) => {
  const [head, payload] = [Buffer.from('head'), sha256('payload')];
  const plain = Buffer.concat([Buffer.from([0]), head, payload]);
  t.same(Buffer.from(leafHash(head, payload)), Buffer.from(sha256(plain)));
  const pair = Buffer.concat([Buffer.from([1]), payload, payload]);
  t.same(Buffer.from(nodeHash(payload, payload)), Buffer.from(sha256(pair)));
  t.equal(
    Buffer.from(EMPTY_ROOT).toString('hex'),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
});

t.test('a tree that grows leaf by leaf has the roots of the definition', async (t) => {
  const leaves = leavesOf(130);
  const peaks = Peaks.empty();
  t.same(hex([peaks.root()]), hex([EMPTY_ROOT]));
  for (const [i, leaf] of leaves.entries()) {
    peaks.append(leaf);
    if (hex([peaks.root()])[0] !== hex([naiveRoot(leaves.slice(0, i + 1))])[0])
      t.fail(`size ${i + 1}`);
    if (peaks.hashes.length !== peakCountOf(i + 1)) t.fail(`peaks of ${i + 1}`);
  }
  t.equal(peaks.size, 130);
  t.same(hex([rootOf(leaves)]), hex([peaks.root()]));
});

t.test('nodes of a span lead from the peaks before it to those behind it', async () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const leaves = leavesOf(to);
      const view = new TreeView(Peaks.empty(), leaves);
      const before = view.peaksAt(from);
      const nodes = view.nodes(from, to);
      if (nodes.length !== spansOf(from, to).length) return false;
      if (before.copy().appendNodes(to, [...nodes, EMPTY_ROOT])) return false;
      if (Peaks.of(from, [...before.hashes, EMPTY_ROOT]) !== null) return false;
      return before.appendNodes(to, nodes) && hex([before.root()])[0] === hex([rootOf(leaves)])[0];
    }),
    runs,
  );
});

t.test('nodes of a span that grows are those of the span, at every size', async () => {
  fc.assert(
    fc.property(fc.nat(70), fc.nat(140), (from, count) => {
      const leaves = leavesOf(from + count);
      const view = new TreeView(Peaks.empty(), leaves);
      const span = new SpanNodes(from);
      const reused = new Uint8Array(32);
      for (let to = from; to < leaves.length; to++) {
        reused.set(leaves[to] as Hash);
        span.append(reused);
        if (hex(span.nodes).join() !== hex(view.nodes(from, to + 1)).join()) return false;
      }
      return true;
    }),
    runs,
  );
});

t.test('inclusion paths are those of the definition, from any begin', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      (n, i, b, bit) => {
        const leaves = leavesOf(n);
        const index = i % n;
        const begin = b % (index + 1);
        const peaks = new TreeView(Peaks.empty(), leaves).peaksAt(begin);
        const path = new TreeView(peaks, leaves.slice(begin)).inclusionPath(index, n);
        if (hex(path).join() !== hex(naivePath(index, leaves)).join()) return false;
        const root = rootOf(leaves);
        const leaf = leaves[index] as Hash;
        if (!checkInclusion(leaf, index, n, path, root)) return false;
        const others = [
          checkInclusion(leaf, index + 1, n, path, root),
          checkInclusion(leaf, index, n, [...path, root], root),
          checkInclusion(leaf, index, n, path, flip(root, bit)),
          checkInclusion(flip(leaf, bit), index, n, path, root),
          path.length > 0 && checkInclusion(leaf, index, n, path.slice(1), root),
          path.length > 0 &&
            checkInclusion(leaf, index, n, path.with(0, flip(path[0] as Hash, bit)), root),
        ];
        return !others.includes(true);
      },
    ),
    runs,
  );
});

t.test('consistency proofs are those of the definition, from any begin', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      (n, m, b, bit) => {
        const leaves = leavesOf(n);
        const oldSize = (m % n) + 1;
        const begin = b % (oldSize + 1);
        const peaks = new TreeView(Peaks.empty(), leaves).peaksAt(begin);
        const proof = new TreeView(peaks, leaves.slice(begin)).consistencyProof(oldSize, n);
        if (hex(proof).join() !== hex(naiveProof(oldSize, leaves)).join()) return false;
        const older = { size: oldSize, root: rootOf(leaves.slice(0, oldSize)) };
        const newer = { size: n, root: rootOf(leaves) };
        if (!checkConsistency(older, newer, proof)) return false;
        const others = [
          checkConsistency({ ...older, root: flip(older.root, bit) }, newer, proof),
          checkConsistency(older, { ...newer, root: flip(newer.root, bit) }, proof),
          checkConsistency(older, newer, [...proof, newer.root]),
          checkConsistency({ ...older, size: n + 1 }, newer, proof),
          proof.length > 0 && checkConsistency(older, newer, proof.slice(0, -1)),
        ];
        return !others.includes(true);
      },
    ),
    runs,
  );
});

function flip(hash: Hash, bit: number): Hash {
  const copy = Uint8Array.from(hash);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}
