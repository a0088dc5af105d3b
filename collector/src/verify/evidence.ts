// What the signed tree of a spool says, beside its frames and beside what the store has kept of it.
import type { Files } from '@weir/pipeline';
import { type AnchorRow, readAnchors, type Store, type TableNames } from '@weir/sinks/clickhouse';
import {
  equalHashes,
  FrameFinder,
  type InspectedStream,
  leafHash,
  type Peaks,
  parseCheckpointText,
  parseStateDocument,
  readTree,
  type StateStream,
  splitNote,
  type TreeReading,
  toBase64,
} from '@weir/spool';
import { keyOf } from './judge.js';

export interface EvidenceReport {
  /** 0: nothing was signed yet. */
  readonly tree: number;
  /** Leaves, one a frame, that the newest checkpoint covers. */
  readonly size: number;
  /** Leaves that a checkpoint in the store vouches for; null where there is no store. */
  readonly anchored: number | null;
  /** Leaves whose frames were read and hashed again; null without --deep. */
  readonly hashedFrames: number | null;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Newest state by tenant, stream and epoch. */
  readonly states: ReadonlyMap<string, StateStream>;
}

export interface EvidenceOptions {
  readonly files: Files;
  /** The data directory. */
  readonly directory: string;
  readonly nodeId: string | null;
  readonly store: { readonly store: Store; readonly tables: TableNames } | null;
  readonly deep: boolean;
}

export async function lookAtEvidence(options: EvidenceOptions): Promise<EvidenceReport> {
  const { files, directory, nodeId, store, deep } = options;
  const spoolDirectory = `${directory}/spool`;
  // The store first: what a running spool signs meanwhile is only in the tree.
  const before = await readTree(files, spoolDirectory);
  const anchors = store && nodeId !== null ? await anchorsOf(store, nodeId, before) : null;
  const tree = await readTree(files, spoolDirectory);
  const problems: string[] = [];
  const notes: string[] = [];
  if (tree !== null && tree.problem !== null) problems.push(`the signed tree: ${tree.problem}`);
  const anchored = anchors && compareAnchors(tree, anchors, { problems, notes });
  const hashedFrames =
    deep && tree !== null ? await hashFrames(files, spoolDirectory, tree, problems, notes) : null;
  return {
    tree: tree?.treeNumber ?? 0,
    size: sizeOf(tree),
    anchored,
    hashedFrames,
    problems,
    notes,
    states: statesOf(tree),
  };
}

const sizeOf = (tree: TreeReading | null): number =>
  tree === null ? 0 : tree.begin.size + tree.leaves.length;

/** Anchors of this node that can be compared with its tree. */
export function anchorsOf(
  { store, tables }: { readonly store: Store; readonly tables: TableNames },
  nodeId: string,
  tree: TreeReading | null,
): Promise<AnchorRow[]> {
  const sizeMin = tree?.begin.size ?? 0;
  const sizes = (tree?.history ?? []).map(({ to }) => to);
  return readAnchors(store, tables, nodeId, { sizeMin, sizes });
}

interface Findings {
  readonly problems: string[];
  readonly notes: string[];
}

/** Returns how many leaves the store vouches for. */
export function compareAnchors(
  tree: TreeReading | null,
  anchors: readonly AnchorRow[],
  { problems, notes }: Findings,
): number {
  const forked = new Set<string>();
  anchors.forEach(({ treeNumber, size }, i) => {
    const next = anchors[i + 1];
    if (next?.treeNumber === treeNumber && next.size === size) forked.add(`${treeNumber}/${size}`);
  });
  for (const place of forked)
    problems.push(`equivocation: the store has several roots of tree and size ${place}`);
  const number = tree?.treeNumber ?? 0;
  const others = anchors.filter(({ treeNumber }) => treeNumber !== number);
  const newer = others.filter(({ treeNumber }) => treeNumber > number).at(-1);
  if (newer !== undefined)
    problems.push(
      `the store has a checkpoint of size ${newer.size} of tree ${newer.treeNumber}, the spool ` +
        `${number === 0 ? 'has no tree' : `is at tree ${number}`}: it was rolled back or cut`,
    );
  const older = others.filter(({ treeNumber }) => treeNumber < number).at(-1);
  if (older !== undefined)
    notes.push(`tree ${older.treeNumber} was given up; the store has checkpoints of it`);
  return tree === null ? 0 : compareRoots(tree, anchors, problems);
}

function compareRoots(
  tree: TreeReading,
  anchors: readonly AnchorRow[],
  problems: string[],
): number {
  // Anchors ascend, so one walk over the leaves does.
  const peaks = tree.begin.copy();
  const ends = new Map(
    tree.history.map(({ to, note }) => {
      const parts = splitNote(note);
      const text = 'problem' in parts ? null : parseCheckpointText(parts.text);
      return [to, text === null ? null : toBase64(text.root)];
    }),
  );
  const size = sizeOf(tree);
  let anchored = 0;
  let cutAt = 0;
  for (const anchor of anchors) {
    if (anchor.treeNumber !== tree.treeNumber) continue;
    if (anchor.size > size) {
      cutAt = Math.max(cutAt, anchor.size);
      continue;
    }
    growTo(peaks, anchor.size, tree);
    const isInView = anchor.size >= tree.begin.size;
    const root = isInView ? toBase64(peaks.root()) : ends.get(anchor.size);
    if (root === undefined || root === null) continue;
    if (root === anchor.root) anchored = Math.max(anchored, anchor.size);
    else
      problems.push(
        `equivocation: the store has another root of size ${anchor.size} than the spool's tree`,
      );
  }
  if (cutAt > 0)
    problems.push(
      `the store has a checkpoint of ${cutAt} frames, the spool's tree has ${size}: ` +
        'the spool was rolled back or cut',
    );
  return anchored;
}

function growTo(peaks: Peaks, size: number, { begin, leaves }: TreeReading): void {
  for (let i = peaks.size - begin.size; i < size - begin.size; i++) {
    const leaf = leaves.at(i);
    if (leaf === undefined) return;
    peaks.append(leaf.hash);
  }
}

/** Every frame that is still there must be the one that was hashed. */
async function hashFrames(
  files: Files,
  spoolDirectory: string,
  tree: TreeReading,
  problems: string[],
  notes: string[],
): Promise<number> {
  const finder = new FrameFinder(files, spoolDirectory);
  let [hashed, unreadable] = [0, 0];
  try {
    for (const { segmentId, frameNo, hash } of tree.leaves) {
      const frame = await finder.read(segmentId, frameNo);
      if (frame === null) {
        const name = `seg-${segmentId.toString(16).padStart(16, '0')}.log`;
        if ((await files.sizeBytes(`${spoolDirectory}/${name}`)) !== null) unreadable++;
      } else if (equalHashes(leafHash(frame.head, frame.payloadHash), hash)) hashed++;
      else problems.push(`frame ${frameNo} of segment ${segmentId} is not the one that was signed`);
    }
  } finally {
    await finder.close();
  }
  if (unreadable > 0)
    notes.push(
      `${unreadable} frames that were signed cannot be read any more; see weir spool fsck`,
    );
  return hashed;
}

/**
 * What was signed stays issued: a spool that knows less lost its newest segments, or the end of
 * one.
 * `streams` must have been read after the tree, whose owner may still be at work.
 */
export function compareStates(
  streams: readonly Pick<InspectedStream, 'tenant' | 'stream' | 'epoch' | 'lastSeq'>[],
  states: ReadonlyMap<string, StateStream>,
): string[] {
  const known = new Map(streams.map((entry) => [keyOf(entry), entry.lastSeq]));
  const problems: string[] = [];
  for (const [key, { tenant, stream, epoch, lastSeq, received }] of states) {
    const last = known.get(key) ?? -1;
    if (received !== undefined || lastSeq <= last) continue;
    const left = last < 0 ? 'nothing of it' : `numbers up to ${last}`;
    problems.push(
      `${tenant} ${stream} epoch ${epoch}: numbers up to ${lastSeq} were signed, the spool knows ` +
        `${left}: frames were lost or cut off`,
    );
  }
  return problems;
}

function statesOf(tree: TreeReading | null): Map<string, StateStream> {
  const states = new Map<string, StateStream>();
  if (tree === null) return states;
  const last = tree.history.at(-1);
  const documents = tree.checkpoints.map(({ state }) => state);
  // The first behind `begin` is whole; before there is one, the history's last has to do.
  if (documents.length === 0 && last !== undefined) documents.push(last.state);
  for (const text of documents)
    for (const stream of parseStateDocument(text)?.streams ?? [])
      states.set(keyOf({ ...stream, epoch: BigInt(stream.epoch) }), stream);
  return states;
}
