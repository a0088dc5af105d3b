// A spool with evidence on simulated files, and what must hold of it. Not part of the exports.
import type { SimFiles } from '@weir/pipeline/testing';
import type { Spool } from '../spool.js';
import { openSim, type SimWorld, TEST_DIRECTORY } from '../test-spool.js';
import { parseCheckpointText } from './checkpoint-note.js';
import type { EvidenceOptions } from './evidence-options.js';
import { numbersOfHead } from './head-numbers.js';
import { readVerifierKey } from './keys.js';
import { equalHashes, leafHash, Peaks } from './merkle.js';
import type { Checkpoint } from './notary.js';
import { openNote } from './note.js';
import { FrameFinder, readTree, type TreeReading } from './read-tree.js';
import { followHistory } from './tree-chain.js';
import { parseStateDocument, TreeState } from './tree-state.js';

export const KEYS_DIRECTORY = '/data/keys';

export function openWithEvidence(
  world: SimWorld,
  evidence: Partial<EvidenceOptions> = {},
  options: Parameters<typeof openSim>[1] = {},
): Promise<Spool> {
  return openSim(world, {
    ...options,
    evidence: { keysDirectory: KEYS_DIRECTORY, checkpointIntervalMs: 0, ...evidence },
  });
}

/** A checkpoint that was told to somebody. */
export type Published = Pick<Checkpoint, 'note' | 'size'>;

/** Null, or in which way the tree on disk is not what it must be. */
export async function treeProblem(
  files: SimFiles,
  published: readonly Published[] = [],
): Promise<string | null> {
  const tree = await readTree(files, TEST_DIRECTORY);
  if (tree === null) return published.length === 0 ? null : 'a published tree is gone';
  if (tree.problem !== null) return tree.problem;
  const key = await readVerifierKey(files, KEYS_DIRECTORY, 'node');
  if (key === null) return 'the public key is gone';
  let peaks = Peaks.empty();
  const roots = new Map<number, Uint8Array>([[0, peaks.root()]]);
  for (const record of tree.history) {
    if (!followHistory(peaks, record)) return 'the history does not fit';
    roots.set(peaks.size, peaks.root());
  }
  if (peaks.size !== tree.begin.size) return 'the leaves do not begin where the history ends';
  peaks = tree.begin.copy();
  for (const { hash } of tree.leaves) {
    peaks.append(hash);
    roots.set(peaks.size, peaks.root());
  }
  for (const { note, state } of [...tree.history, ...tree.checkpoints]) {
    const opened = openNote(note, [key]);
    if ('problem' in opened) return opened.problem;
    const document = parseStateDocument(state);
    if (document === null) return 'a state cannot be read';
  }
  if (tree.checkpoints.length > 0 && !parseStateDocument(tree.checkpoints[0]?.state ?? '')?.whole)
    return 'the first checkpoint behind the begin is not whole';
  for (const { note } of published) {
    const says = parseCheckpointText(note.slice(0, note.indexOf('\n\n') + 1));
    if (says === null || says.treeNumber > tree.treeNumber) return 'a published tree is gone';
    if (says.treeNumber < tree.treeNumber) continue;
    const root = roots.get(says.size);
    if (says.size > peaks.size) return `a published checkpoint of ${says.size} is cut off`;
    if (root === undefined && says.size < tree.begin.size) continue;
    if (root === undefined || !equalHashes(root, says.root))
      return `the root at ${says.size} is not the published one`;
  }
  return (await framesProblem(files, tree)) ?? null;
}

/**
 * Leaves are those of the frames that are there, and states follow from their heads. Where a frame
 * is gone the next state is taken at its word.
 */
async function framesProblem(files: SimFiles, tree: TreeReading): Promise<string | null> {
  const finder = new FrameFinder(files, TEST_DIRECTORY);
  const state = new TreeState(tree.checkpoints[0]?.says.nodeId ?? '');
  const before = parseStateDocument(tree.history.at(-1)?.state ?? '');
  if (before !== null) state.load(before);
  let isKnown = tree.begin.size === 0 || before?.whole === true;
  try {
    let at = 0;
    for (const { says, state: text } of tree.checkpoints) {
      for (; at < says.size - tree.begin.size; at++) {
        const leaf = tree.leaves.at(at);
        if (leaf === undefined) return 'a checkpoint is behind the leaves';
        const frame = await finder.read(leaf.segmentId, leaf.frameNo);
        if (frame === null) {
          isKnown = false;
          continue;
        }
        if (!equalHashes(leafHash(frame.head, frame.payloadHash), leaf.hash))
          return `leaf ${tree.begin.size + at} is not that of its frame`;
        const numbers = numbersOfHead(frame.head);
        if (numbers === null) return 'a head cannot be read';
        state.note(numbers);
      }
      const document = parseStateDocument(text);
      if (document === null) continue;
      const expected = state.document(BigInt(document.epoch), document.whole);
      if (isKnown && expected !== text)
        return `the state at ${says.size} does not follow from the heads: ${text} for ${expected}`;
      if (!isKnown) state.load(document);
      isKnown ||= document.whole;
      if (document.whole) state.wholeWritten();
    }
    return null;
  } finally {
    await finder.close();
  }
}
