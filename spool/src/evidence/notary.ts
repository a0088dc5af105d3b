// Hashes frames after they became durable, and signs what they say. It never stands in the way of
// the spool: whatever fails here is counted, named and tried again, and events go on.
import {
  assert,
  type Files,
  InvariantError,
  isNoSpace,
  isPlanted,
  LIMITS,
  type Timer,
} from '@weir/pipeline';
import type { SegmentInfo } from '../catalog.js';
import { nodeIdOf, SEGMENT_HEADER_BYTES } from '../layout.js';
import { patientFiles } from '../patience.js';
import type { Store } from '../store.js';
import { encodeCheckpointText, stateHashOf } from './checkpoint-note.js';
import type { EvidenceOptions } from './evidence-options.js';
import {
  EvidenceError,
  type EvidenceFailureReason,
  type EvidenceProblem,
  problemOf,
} from './failures.js';
import { FrameHasher, type ReadPlace } from './frame-hasher.js';
import { openSigner } from './keys.js';
import { type LivingTree, provenRoot } from './living-tree.js';
import type { Hash } from './merkle.js';
import { type Signer, signNote, toBase64 } from './note.js';
import { recoverTree } from './recover-tree.js';
import { TREE_NAME } from './tree-files.js';
import { TreeWriter } from './tree-writer.js';

/** Attempts at a frame that does not match; then it is left out of the tree. */
const READ_ATTEMPTS_MAX = 4;
const RETRY_DELAY_MS_MIN = 100;
const RETRY_DELAY_MS_MAX = 30_000;
/**
 * Some 25 s of attempts with key and tree before segments go without them, and at a place that the
 * disk cannot read before it is left out.
 */
const FAILURES_WAITED_FOR = 8;
/** Of a backlog that is still hashed when the spool is closed. */
const CLOSE_BYTES_MAX = 256 * 1024 * 1024;
/** For how many of them a byte of the tree counts: there is more to hash in it. */
const TREE_BYTE_WEIGHT = 4;

/** Durable, signed. */
export interface Checkpoint {
  readonly note: string;
  /** Of the note, as a header carries it. */
  readonly noteBase64: string;
  readonly treeNumber: number;
  /** Leaves: one a frame. */
  readonly size: number;
  readonly root: Hash;
  /** The state document whose hash the note has. */
  readonly state: string;
}

export interface EvidenceStats {
  /** 0 while nothing could be signed. */
  readonly treeNumber: number;
  /** Leaves under the newest checkpoint. */
  readonly size: number;
  readonly checkpointCount: number;
  /** How long the oldest durable frame without a checkpoint has waited; 0 for none. */
  readonly waitingMs: number;
  readonly failures: Readonly<Partial<Record<EvidenceFailureReason, number>>>;
  readonly problem: EvidenceProblem | null;
}

export interface NotaryHooks {
  /** Segments that waited for it may be deletable now. */
  released(): void;
}

export class Notary {
  latest: Checkpoint | null = null;
  readonly #store: Store;
  readonly #options: EvidenceOptions;
  readonly #hooks: NotaryHooks;
  readonly #nodeId: string;
  readonly #hasher: FrameHasher;
  readonly #writer: TreeWriter;
  readonly #listeners = new Set<(checkpoint: Checkpoint) => void>();
  readonly #isStateRebuilt: boolean;
  /** Segments that were there when the spool was opened. */
  readonly #segmentIdOpened: number;
  #signer: Signer | null = null;
  #tree: LivingTree | null = null;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #isClosing = false;
  #isClosed = false;
  #timer: Timer | null = null;
  #retryAtMs = 0;
  #failuresInARow = 0;
  /** A folding that failed is not tried again before. */
  #foldAtMs = 0;
  /** No checkpoint can be written: there is no space, or attempts have failed for long. */
  #isWriteFailing = false;
  /** The newest hashed segment when one of them was to be deleted while none could be written. */
  #askedSegmentId = 0;
  /** The same when an attempt began that failed. */
  #triedSegmentId = 0;
  #badAttempts = { segmentId: 0, offset: -1, count: 0 };
  /** Before a place is left out each read is repeated: one that fails now and then is there. */
  #isReadingPatiently = false;
  #newFrameCount = 0;
  #waitingSinceMs: number | null = null;
  #closeBytesLeft: number;
  #checkpointCount = 0;
  #isStarted = false;
  /** Why the tree of the files must not be gone on with. */
  #leaveTree: string | null = null;
  readonly #failures: Partial<Record<EvidenceFailureReason, number>> = {};
  #problem: EvidenceProblem | null = null;

  constructor(store: Store, options: EvidenceOptions, isStateRebuilt: boolean, hooks: NotaryHooks) {
    this.#store = store;
    this.#options = options;
    this.#closeBytesLeft = options.closeBytesMax ?? CLOSE_BYTES_MAX;
    this.#hooks = hooks;
    this.#isStateRebuilt = isStateRebuilt;
    this.#nodeId = nodeIdOf(store.state.storeUuid);
    this.#segmentIdOpened = store.catalog.segments.at(-1)?.id ?? 0;
    const { files, random, timers } = store.settings;
    this.#hasher = new FrameHasher(() =>
      this.#isReadingPatiently ? patientFiles(files, timers) : files,
    );
    this.#writer = new TreeWriter({
      files,
      random,
      directory: store.pathOf(TREE_NAME),
      noteFile: (treeNumber, fileNo) => store.state.noteTreeFile({ treeNumber, fileNo }),
      ...(options.treeFileBytesMax ? { fileBytesMax: options.treeFileBytesMax } : {}),
    });
  }

  /**
   * Opens the key. The tree is taken up behind that: all of its files are read, and a start waits
   * for no backlog. Never rejects.
   */
  async start(): Promise<void> {
    try {
      await this.#openKey(this.#store.settings.files);
    } catch (error) {
      this.#failed(error);
    }
    this.#isStarted = true;
    if (this.#store.catalog.frameTotal > 0)
      this.#waitingSinceMs ??= this.#store.settings.clock.monotonicMs();
    this.#request();
  }

  get signer(): Signer | null {
    return this.#signer;
  }

  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(): EvidenceStats {
    const nowMs = this.#store.settings.clock.monotonicMs();
    return {
      treeNumber: this.latest?.treeNumber ?? 0,
      size: this.latest?.size ?? 0,
      checkpointCount: this.#checkpointCount,
      waitingMs: this.#waitingSinceMs === null ? 0 : nowMs - this.#waitingSinceMs,
      failures: { ...this.#failures },
      problem: this.#problem,
    };
  }

  /** Frames became durable. */
  committed(frameCount: number): void {
    this.#newFrameCount += frameCount;
    this.#waitingSinceMs ??= this.#store.settings.clock.monotonicMs();
    const isMany = this.#newFrameCount >= LIMITS.checkpointFramesMax;
    if (isMany || this.#intervalMs === 0) this.#request();
    else this.#schedule(this.#intervalMs);
  }

  /**
   * True when nothing of the segment is needed any more: its frames are hashed, and are under a
   * durable checkpoint unless none can be written now. Otherwise it hurries. At close, what is left
   * to the next start stays for it.
   */
  canDelete(info: SegmentInfo): boolean {
    const tree = this.#tree;
    if (!this.#isStarted) return false;
    if (this.#signer === null || tree === null) return this.#isTreeGivenUp;
    const isRead = this.#isBehind(tree, info);
    if (isRead && (tree.pending[0]?.segmentId ?? info.id + 1) > info.id) return true;
    if (this.#isClosing) return false;
    if (isRead && this.#isWriteFailing) {
      if (info.id <= this.#triedSegmentId) return true;
      // An attempt that begins now shows if it must go as it is.
      this.#askedSegmentId = tree.last.segmentId;
      this.#retryAtMs = 0;
    }
    if (!isRead && tree.pending.length >= LIMITS.checkpointPendingFramesMax) {
      // It has failed for so long that it gives the tree up, and not the space.
      this.#tree = null;
      this.#failed(new EvidenceError('backlog', 'too many frames wait for a checkpoint'));
      return true;
    }
    this.#request();
    return false;
  }

  /** There may be space for a checkpoint now. */
  spaceFreed(): void {
    if (!this.#isWriteFailing) return;
    this.#retryAtMs = 0;
    this.#request();
  }

  /** Nobody waits any more for a tree that is not there. */
  get #isTreeGivenUp(): boolean {
    // Without a key there is none. A key that a disk cannot read for a moment is no key that is
    // gone: the tree that it signed goes on.
    if (this.#signer === null && this.#problem?.reason !== 'io') return true;
    return !this.#isClosing && this.#failuresInARow >= FAILURES_WAITED_FOR;
  }

  /** Hashes what is durable now and signs it; the newest checkpoint there is. Never rejects. */
  async checkpointNow(): Promise<Checkpoint | null> {
    if (this.#isClosing) await this.#running;
    if (this.#isClosing) return this.latest;
    this.#retryAtMs = 0;
    this.#request();
    await this.#running;
    return this.latest;
  }

  /** Hashes and signs what is left, up to a limit. Once. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#timer?.cancel();
    this.#timer = null;
    await this.#running;
    // Nobody else starts a run from here on.
    this.#isAskedAgain = true;
    this.#running = this.#run();
    await this.#running;
    this.#isClosed = true;
    await this.#hasher.close();
    await this.#writer.close();
  }

  get #intervalMs(): number {
    return this.#options.checkpointIntervalMs ?? LIMITS.checkpointIntervalMs;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null || this.#isClosing) return;
    this.#timer = this.#store.settings.timers.after(delayMs, () => {
      this.#timer = null;
      this.#request();
    });
  }

  #request(): void {
    if (this.#isClosed) return;
    this.#isAskedAgain = true;
    // Damage is declared before there is a key: the start asks again.
    if (!this.#isStarted || this.#running !== null || this.#isClosing) return;
    if (this.#store.settings.clock.monotonicMs() < this.#retryAtMs) {
      this.#schedule(this.#retryAtMs - this.#store.settings.clock.monotonicMs());
      return;
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      // What came after the last look is not left waiting.
      if (this.#isAskedAgain) this.#request();
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        await this.#round();
      }
      this.#succeeded();
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      await this.#hasher.close();
      this.#failed(error);
      this.#isAskedAgain = false;
    }
    this.#hooks.released();
  }

  /** Reads up to the end of what is durable, a checkpoint each 4,096 frames and one at the end. */
  async #round(): Promise<void> {
    await this.#prepare();
    const tree = this.#tree;
    if (tree === null) return;
    const startedMs = this.#store.settings.clock.monotonicMs();
    this.#newFrameCount = 0;
    for (let isMore = true; isMore; ) {
      isMore = await this.#hashSome(tree);
      if (this.#tree !== tree) return;
      const isDue = tree.isFirst && tree.hashed.size > 0;
      if (tree.pending.length > 0 || isDue) await this.#checkpoint(tree);
    }
    if (this.#waitingSinceMs !== null)
      this.#waitingSinceMs = this.#newFrameCount === 0 ? null : startedMs;
    this.#hasher.rest();
    await this.#fold();
  }

  /** What fails here waits: nothing is lost, and checkpoints are not held up by it. */
  async #fold(): Promise<void> {
    const nowMs = this.#store.settings.clock.monotonicMs();
    if (nowMs < this.#foldAtMs) return;
    const oldest = this.#store.catalog.segments[0]?.id ?? this.#store.state.nextSegmentId;
    await this.#writer.fold(oldest);
    const { foldError } = this.#writer;
    if (foldError === null) return;
    this.#count(problemOf(foldError).reason);
    this.#foldAtMs = nowMs + RETRY_DELAY_MS_MAX;
  }

  /** True if there is more to read. Stops early for a checkpoint. */
  async #hashSome(tree: LivingTree): Promise<boolean> {
    const { catalog } = this.#store;
    const countMax = this.#isWriteFailing
      ? LIMITS.checkpointPendingFramesMax
      : LIMITS.checkpointFramesMax;
    while (tree.pending.length < countMax) {
      const place = this.#placeOf(tree);
      if (place === null) return false;
      const info = catalog.get(place.segmentId);
      if (info === null) throw new EvidenceError('io', `segment ${place.segmentId} is gone`);
      if (place.offset >= info.endOffset) {
        const after = catalog.after(info.id);
        if (!info.isEnded || after === null) return false;
        tree.next = startOf(after);
        continue;
      }
      if (this.#isClosing && this.#closeBytesLeft <= 0) return false;
      await this.#readOn(tree, info, place);
    }
    return true;
  }

  #placeOf(tree: LivingTree): ReadPlace | null {
    const { catalog } = this.#store;
    const place = tree.next ?? startOf(catalog.segments[0] ?? null);
    if (place === null || catalog.get(place.segmentId) !== null) return place;
    const deleted = this.#store.state.deletedEnd;
    const isGap =
      deleted !== null &&
      (deleted.segmentId > place.segmentId ||
        (deleted.segmentId === place.segmentId && deleted.frameCount > place.frameNo));
    if (!isGap) return startOf(catalog.after(place.segmentId));
    this.#tree = null;
    throw new EvidenceError('tree_mismatch', 'frames were deleted that are in no checkpoint');
  }

  async #readOn(tree: LivingTree, info: SegmentInfo, place: ReadPlace): Promise<void> {
    const limit = info.endOffset;
    // At close there is no time for it.
    const isLastAttempt = !this.#isClosing && this.#attemptsAt(place) >= FAILURES_WAITED_FOR;
    let bad: ReadPlace | null = null;
    this.#isReadingPatiently = isLastAttempt;
    try {
      const slice = await this.#hasher.slice(info, place, limit);
      for (const { segmentId, frameNo, hash, nextOffset, numbers } of slice.frames) {
        tree.hashed.append(hash);
        tree.pending.push({ segmentId, frameNo, hash });
        tree.state.note(numbers);
        tree.last = { segmentId, frameNo, nextOffset };
      }
      tree.next = slice.next;
      if (this.#isClosing) this.#closeBytesLeft -= slice.next.offset - place.offset;
      if (slice.isBad) bad = slice.next;
    } catch (error) {
      if (!isLastAttempt) {
        this.#countAttempt(place);
        if (this.#isLeftToNextStart()) return;
        throw error;
      }
      bad = place;
    }
    if (bad !== null) await this.#meetBad(tree, info, bad);
  }

  /** It may be the reading; so it is tried again before the frame is left to the damage desk. */
  async #meetBad(tree: LivingTree, info: SegmentInfo, bad: ReadPlace): Promise<void> {
    this.#countAttempt(bad);
    const what = `frame ${bad.frameNo} of segment ${info.id} cannot be read back`;
    if (this.#attemptsAt(bad) < READ_ATTEMPTS_MAX) {
      if (this.#isLeftToNextStart()) return;
      throw new EvidenceError('frame_unreadable', what);
    }
    this.#count('frame_unreadable');
    const wasDurable = info.id <= this.#segmentIdOpened && !info.needsEndRecord;
    if (tree.isTorn && wasDurable) {
      this.#tree = null;
      this.#leaveTree = `${what}, and may be under a lost checkpoint`;
      throw new EvidenceError('tree_mismatch', this.#leaveTree);
    }
    await this.#hasher.close();
    this.#isReadingPatiently = !this.#isClosing;
    const behind = await this.#hasher.behindBad(info, bad, info.endOffset).catch(() => null);
    const end = { segmentId: info.id, frameNo: info.frameCount, offset: info.endOffset };
    tree.next = behind ?? end;
  }

  /** At close there is no time for other attempts: what was hashed is signed, the rest waits. */
  #isLeftToNextStart(): boolean {
    if (this.#isClosing) this.#closeBytesLeft = 0;
    return this.#isClosing;
  }

  #attemptsAt({ segmentId, offset }: ReadPlace): number {
    const bad = this.#badAttempts;
    return bad.segmentId === segmentId && bad.offset === offset ? bad.count : 0;
  }
  #countAttempt(place: ReadPlace): void {
    const { segmentId, offset } = place;
    this.#badAttempts = { segmentId, offset, count: this.#attemptsAt(place) + 1 };
  }

  async #checkpoint(tree: LivingTree): Promise<void> {
    const signer = this.#signer;
    assert(signer !== null, 'a tree has a key');
    const root = provenRoot(tree);
    if (root === null) {
      this.#tree = null;
      throw new EvidenceError('tree_mismatch', 'the tree in memory is not that of the checkpoint');
    }
    const whole = tree.isFirst || this.#writer.needsFile;
    const state = tree.state.document(this.#store.state.epoch, whole);
    const { size } = tree.hashed;
    const treeNumber = tree.number;
    const text = encodeCheckpointText({
      nodeId: this.#nodeId,
      treeNumber,
      size,
      root,
      stateHash: stateHashOf(state),
    });
    const note = signNote(text, signer);
    const asked = this.#askedSegmentId;
    const leaves = tree.pending;
    const peaks = tree.hashed.copy();
    const noteBase64 = Buffer.from(note).toString('base64');
    const checkpoint = { note, noteBase64, treeNumber, size, root, state };
    if (isPlanted('checkpoint_published_before_sync')) this.#publish(checkpoint);
    try {
      await this.#writer.write(treeNumber, tree.signed.peaks, {
        ...tree.last,
        note,
        state,
        leaves,
      });
    } catch (error) {
      this.#isWriteFailing = isNoSpace(error) || this.#failuresInARow >= FAILURES_WAITED_FOR;
      this.#triedSegmentId = asked;
      throw error;
    }
    this.#isWriteFailing = false;
    [this.#askedSegmentId, this.#triedSegmentId] = [0, 0];
    tree.pending = [];
    tree.signed = { peaks, root };
    tree.isFirst = false;
    if (whole) tree.state.wholeWritten();
    this.#checkpointCount++;
    if (!isPlanted('checkpoint_published_before_sync')) this.#publish(checkpoint);
  }

  #publish(checkpoint: Checkpoint): void {
    this.latest = checkpoint;
    for (const listener of [...this.#listeners]) listener(checkpoint);
  }

  /** True if the place to read next is behind the segment. */
  #isBehind(tree: LivingTree, info: SegmentInfo): boolean {
    const { next } = tree;
    if (info.frameCount === 0) return true;
    if (next === null || next.segmentId < info.id) return false;
    return next.segmentId > info.id || next.offset >= info.endOffset;
  }

  /** Key and tree, as far as they are missing. */
  async #prepare(): Promise<void> {
    if (this.#signer !== null && this.#tree !== null) return;
    const { files, timers } = this.#store.settings;
    const reading = this.#isClosing ? files : patientFiles(files, timers);
    const signer = this.#signer ?? (await this.#openKey(reading));
    if (this.#tree === null) await this.#recover(signer);
  }

  async #openKey(files: Files): Promise<Signer> {
    const { random } = this.#store.settings;
    const { keysDirectory: directory } = this.#options;
    const place = { files, random, directory, role: 'node' as const, nodeId: this.#nodeId };
    const opening = await openSigner(place);
    if ('problem' in opening) throw new EvidenceError(opening.problem, opening.message);
    this.#signer = opening.signer;
    return opening.signer;
  }

  /** Asked before each of the tree's files: at close a long tree is left to the next start. */
  #isTreeLeft(fileBytes: number): boolean {
    if (this.#isClosing) this.#closeBytesLeft -= fileBytes * TREE_BYTE_WEIGHT;
    return this.#closeBytesLeft < 0;
  }

  async #recover(signer: Signer): Promise<void> {
    await this.#writer.close();
    const key = signer.verifierKey;
    const found = await recoverTree(this.#store, this.#nodeId, key, {
      isStateRebuilt: this.#isStateRebuilt,
      leave: this.#leaveTree,
      isGivenUp: (fileBytes) => this.#isTreeLeft(fileBytes),
    });
    if (found === null) return;
    this.#leaveTree = null;
    this.#writer.take(found.chain, this.#store.state.treeMark?.fileNo ?? 0);
    const { treeNumber, peaks, state, last, next, isTorn } = found;
    this.#tree = {
      number: treeNumber,
      hashed: peaks,
      state,
      pending: [],
      last: last ?? { segmentId: 0, frameNo: 0, nextOffset: 0 },
      signed: { peaks: peaks.copy(), root: peaks.root() },
      next,
      isTorn,
      isFirst: true,
    };
    if (found.left !== null) {
      this.#count('tree_mismatch');
      this.#options.onNewTree?.(treeNumber, found.left);
    }
    if (last === null) return;
    const { size, root } = last.says;
    const noteBase64 = toBase64(Buffer.from(last.note));
    this.latest = { note: last.note, noteBase64, treeNumber, size, root, state: last.state };
  }

  #count(reason: EvidenceFailureReason): void {
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }

  #succeeded(): void {
    this.#failuresInARow = 0;
    this.#retryAtMs = 0;
    this.#badAttempts = { segmentId: 0, offset: -1, count: 0 };
    this.#setProblem(null);
  }

  #failed(error: unknown): void {
    const problem = problemOf(error);
    this.#count(problem.reason);
    this.#setProblem(problem);
    const delayMs = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** this.#failuresInARow++);
    this.#retryAtMs = this.#store.settings.clock.monotonicMs() + delayMs;
    this.#schedule(delayMs);
  }

  #setProblem(problem: EvidenceProblem | null): void {
    const before = this.#problem;
    this.#problem = problem;
    if (before?.reason !== problem?.reason) this.#options.onProblem?.(problem);
  }
}

function startOf(info: SegmentInfo | null): ReadPlace | null {
  return info && { segmentId: info.id, frameNo: 0, offset: SEGMENT_HEADER_BYTES };
}
