// The spool: a durable buffer between the inputs and the sinks.
import type { BatchBuffer, Consumer, FramePosition, SequencedBatch } from '@weir/pipeline';
import { assert, isPlanted, WeirError } from '@weir/pipeline';
import { FrameCache } from './cache.js';
import type { Frontier } from './catalog.js';
import type { LoadedSlots } from './checkpoint.js';
import { Committer } from './commit.js';
import { SpoolConsumer } from './consumer.js';
import type { DamageReport } from './damage.js';
import { DamageDesk } from './damage.js';
import type { ForeignStream } from './epochs.js';
import { type Checkpoint, type EvidenceStats, Notary } from './evidence/notary.js';
import { signNote } from './evidence/note.js';
import { Janitor } from './janitor.js';
import type { RecoveredRequestPart } from './keys.js';
import { nodeIdOf } from './layout.js';
import type { SpoolOptions } from './options.js';
import { settingsOf } from './options.js';
import type { Recovered, RecoveredConsumer, RecoveryReport } from './recovery.js';
import { recover } from './recovery.js';
import type { DamageRange, LostNumbers } from './scan.js';
import { Scrubber } from './scrubber.js';
import type { Store } from './store.js';

export interface SpoolStats {
  /** Bytes of all segment files, space that is prepared for frames included. */
  readonly bytesUsed: number;
  readonly bytesMax: number;
  readonly segmentCount: number;
  readonly cacheBytes: number;
  /** Encoded bytes that are not durable yet. */
  readonly queuedBytes: number;
  readonly isFull: boolean;
  /** fdatasync calls for appended data since the spool was opened. */
  readonly dataSyncCount: number;
  readonly deletedSegmentCount: number;
  /** Events declared lost since the spool was opened. */
  readonly lostEventCount: number;
  readonly damage: readonly DamageReport[];
  /** Bytes of ended segments that were read again for damage since the spool was opened. */
  readonly scrubbedBytes: number;
  /** Space in files that waits for frames; part of bytesUsed. */
  readonly preparedBytes: number;
  /**
   * The system's code while the next segment cannot be prepared (ENOSPC: the disk is full, and
   * inputs stop when the present segment is); empty while it can.
   */
  readonly preparationError: string;
  readonly consumers: Readonly<Record<string, ConsumerStats>>;
}
export interface ConsumerStats {
  readonly pendingFrameCount: number;
  readonly pendingEventCount: number;
  readonly pendingBytes: number;
}

/**
 * Opens or creates a spool, recovering from whatever a crash left. Only one process may have a
 * directory open. Rejects with WEIR_SPOOL_VERSION, or with WEIR_SPOOL_IO if the system refuses to
 * read or write.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  try {
    const spool = new Spool(await recover(settingsOf(options)));
    await spool.startEvidence();
    return spool;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error instanceof WeirError) throw error;
    throw new WeirError('WEIR_SPOOL_IO', `opening the spool failed: ${error.message}`, {}, error);
  }
}

export class Spool implements BatchBuffer {
  /** Names this spool in stream names; kept in the data directory. 12 hex digits. */
  readonly nodeId: string;
  /** New at every open: counter << 32 | random. */
  readonly epoch: bigint;
  readonly report: RecoveryReport;
  /** Parts of keyed requests that are durable, the newest that there are, in the log's order. */
  readonly recoveredRequestParts: readonly RecoveredRequestPart[];
  /**
   * Resolves once with the reason when the spool can write no more; then it must be opened again.
   */
  readonly failed: Promise<WeirError>;
  readonly #store: Store;
  readonly #cache: FrameCache;
  readonly #committer: Committer;
  readonly #desk: DamageDesk;
  readonly #janitor: Janitor;
  readonly #scrubber: Scrubber;
  readonly #notary: Notary | null;
  readonly #consumers = new Map<string, SpoolConsumer>();
  #closing: Promise<void> | null = null;

  /** @internal Use openSpool. */
  constructor(recovered: Recovered) {
    const { store, report, requestParts } = recovered;
    const { settings, state } = store;
    this.#store = store;
    this.nodeId = nodeIdOf(state.storeUuid);
    this.epoch = state.epoch;
    this.report = report;
    this.recoveredRequestParts = requestParts;
    this.#cache = new FrameCache(
      settings.cacheBytesMax,
      settings.consumers.length,
      settings.batchMemory,
    );
    this.#committer = new Committer(store, {
      committed: (segmentId, frames) => {
        for (const { frameNo, batch, nextOffset } of frames)
          this.#cache.put({ segmentId, frameNo }, batch, nextOffset);
        for (const consumer of this.#consumers.values()) consumer.wakeUp();
        this.#notary?.committed(frames.length);
      },
      isSettled: (segmentId, frameCount) => this.#isSettled(segmentId, frameCount),
      segmentEnded: () => {
        for (const consumer of this.#consumers.values()) consumer.wakeUp();
        this.#janitor.request();
      },
    });
    this.failed = this.#committer.failed;
    this.#desk = new DamageDesk(store, (batch) =>
      this.#committer.append(batch, { isUrgent: true }),
    );
    this.#janitor = new Janitor(store, {
      isDone: (info) =>
        this.#isSettled(info.id, info.frameCount) && (this.#notary?.canDelete(info) ?? true),
      spaceFreed: (count) => {
        this.#committer.spaceFreed(count);
        if (count > 0) this.#notary?.spaceFreed();
      },
    });
    this.#notary =
      settings.evidence === null
        ? null
        : new Notary(store, settings.evidence, report.isCheckpointRebuilt, {
            released: () => this.#janitor.request(),
          });
    this.#scrubber = new Scrubber(store, this.#desk, (info) =>
      this.#isSettled(info.id, info.frameCount),
    );
    for (const consumer of recovered.consumers)
      this.#consumers.set(consumer.name, this.#openConsumer(consumer));
    for (const { info, damage, lost } of recovered.toDeclare)
      this.#desk.declare(info, damage, lost);
    // Deleting writes `epochs`, which must not run ahead of the declarations of what was damaged.
    void this.#desk.settled().then(
      () => this.#janitor.request(),
      () => undefined,
    );
  }

  /**
   * Takes the batch over: its bytes must not change any more, and a consumer may get this very
   * object.
   */
  append(batch: SequencedBatch, waitedMs = 0): Promise<FramePosition> {
    return this.#committer.append(batch, { waitedMs });
  }

  get isFull(): boolean {
    return this.#committer.isFull;
  }

  /** Why the spool can write no more; null while it can. */
  get failure(): WeirError | null {
    return this.#committer.failure;
  }

  /** What came of the streams of other nodes, as far as it is durable. */
  foreignStreams(): ForeignStream[] {
    return this.#store.epochs.foreignStreams();
  }

  /** @internal The key is there when it resolves, or named as a problem. Never rejects. */
  async startEvidence(): Promise<void> {
    await this.#notary?.start();
  }

  /** The newest durable checkpoint; null for none, and without evidence. */
  get latestCheckpoint(): Checkpoint | null {
    return this.#notary?.latest ?? null;
  }
  /** Verifier key of the node, which signs checkpoints; null while nothing can be signed. */
  get nodeVerifierKey(): string | null {
    return this.#notary?.signer?.verifierKey.text ?? null;
  }
  /** Null without evidence. */
  get evidence(): EvidenceStats | null {
    return this.#notary?.stats() ?? null;
  }

  /** Calls back for each checkpoint once it is durable; the result ends that. */
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void {
    return this.#notary?.onCheckpoint(listener) ?? (() => undefined);
  }

  /** Signs what is durable now; the newest checkpoint there is. Never rejects. */
  async checkpointNow(): Promise<Checkpoint | null> {
    return (await this.#notary?.checkpointNow()) ?? null;
  }

  /** A note of the node's key over a text that ends with a newline; null without a key. */
  signNote(text: string): string | null {
    const signer = this.#notary?.signer ?? null;
    return signer === null ? null : signNote(text, signer);
  }

  consumer(name: string): Consumer {
    const consumer = this.#consumers.get(name);
    assert(consumer !== undefined, `consumer ${name} was named when the spool was opened`);
    return consumer;
  }

  stats(): SpoolStats {
    const consumers: Record<string, ConsumerStats> = {};
    for (const { name, pendingFrameCount, pendingEventCount, pendingBytes } of [
      ...this.#consumers.values(),
    ])
      consumers[name] = { pendingFrameCount, pendingEventCount, pendingBytes };
    return {
      bytesUsed: this.#store.usedBytes,
      bytesMax: this.#store.settings.bytesMax,
      segmentCount: this.#store.catalog.segments.length,
      cacheBytes: this.#cache.costBytes,
      queuedBytes: this.#committer.queuedBytes,
      isFull: this.isFull,
      dataSyncCount: this.#store.dataSyncCount,
      deletedSegmentCount: this.#janitor.deletedSegmentCount,
      lostEventCount: this.#desk.lostEventCount,
      damage: this.#desk.found,
      scrubbedBytes: this.#scrubber.scrubbedBytes,
      preparedBytes: this.#committer.unusedBytes + this.#store.preparer.bytes,
      preparationError: this.#committer.isOutOfSpace ? 'ENOSPC' : this.#store.preparer.failureCode,
      consumers,
    };
  }

  /**
   * For repair: what was found damaged in a segment, or missing with one, is declared lost. Durable
   * when it resolves, with what recovery itself found.
   */
  async declareDamage(
    segmentId: number | null,
    damage: readonly DamageRange[],
    lost: readonly LostNumbers[],
  ): Promise<void> {
    const info = segmentId === null ? null : this.#store.catalog.get(segmentId);
    if (info === null) await this.#desk.declareLost(lost);
    else this.#desk.declare(info, damage, lost);
    await this.#desk.settled();
  }

  /**
   * For an orderly stop: what was admitted is written even when the spool has reached bytesMax. The
   * inputs have stopped by then, so it is no more than their queues hold.
   */
  startDrain(): void {
    this.#committer.startDrain();
  }

  /**
   * Makes durable what was appended and fits, rejects other appends with WEIR_SPOOL_CLOSED, ends
   * reads with null, seals the active segment. Settle before it.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#scrubber.close();
    await this.#committer.close();
    for (const consumer of this.#consumers.values()) await consumer.close();
    await this.#notary?.close();
    await this.#janitor.close();
    if (this.#desk.isSettled) await this.#store.saveEpochs().catch(() => undefined);
    await this.#store.state.close();
    this.#cache.clear();
  }

  #isSettled(segmentId: number, frameCount: number): boolean {
    // A spool without consumers keeps everything.
    if (this.#consumers.size === 0) return false;
    const consumers = [...this.#consumers.values()];
    const isDone = (consumer: SpoolConsumer): boolean => consumer.isDoneWith(segmentId, frameCount);
    if (isPlanted('deletes_what_one_consumer_needs')) return consumers.some(isDone);
    return consumers.every(isDone);
  }

  #openConsumer({ name, loaded, slots }: RecoveredConsumer): SpoolConsumer {
    const parts = { store: this.#store, cache: this.#cache, desk: this.#desk, slots };
    return new SpoolConsumer(name, parts, frontierOf(loaded), {
      settled: () => this.#janitor.request(),
      expectedStreams: (info) =>
        info.streams ?? [...(this.#committer.activeWriter?.tally.streams.values() ?? [])],
      isOutOfSpace: () => this.#committer.isOutOfSpace,
    });
  }
}

/**
 * Null for a consumer that has settled nothing, or whose file is damaged: it starts at the oldest
 * frame.
 */
export function frontierOf(loaded: LoadedSlots | undefined): Frontier | null {
  const words = loaded?.slot?.words;
  if (words === undefined || words[0] === 0n) return null;
  return {
    segmentId: Number(words[0]),
    frameNo: Number(words[1]),
    nextOffset: Number(words[2]),
    eventCount: Number(words[3]),
  };
}
