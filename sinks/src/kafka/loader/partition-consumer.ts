// One partition of the topic as the loader's consumer. A position is an offset, and the piece of
// the message where numbers in its middle are stored already. What is read and not settled stays in
// memory, so that reading again needs no broker; when that is too much, the partition is paused.
import {
  type Consumer,
  type FramePosition,
  type SequencedBatch,
  type SpooledBatch,
  WeirError,
} from '@weir/pipeline';
import { comparePositions } from '../../delivery/batch-head.js';
import { Gate } from '../../delivery/gate.js';
import type { ConsumedMessage } from '../client/binding.js';
import { decodeEnvelope, type Envelope } from '../envelope/envelope.js';
import { batchOf } from './envelope-batch.js';
import type { KnownNumbers } from './known-numbers.js';

/** A message that cannot be processed. Resolves once it is safe elsewhere. */
export type SetAside = (message: ConsumedMessage, reason: string) => Promise<SequencedBatch>;

export interface PartitionConsumerOptions {
  readonly name: string;
  readonly known: KnownNumbers;
  readonly setAside: SetAside;
  /** Offset of the first message that is not settled. */
  readonly nextOffset: number;
  /** End of the partition when it was taken over. */
  readonly endOffset: number;
  /** Bytes of unsettled messages above which the partition is paused; resumed below a half. */
  readonly bytesMax: () => number;
  /** Commits the offset of the first message that is not settled. */
  readonly commit: (nextOffset: number) => Promise<void>;
  /** Stops or starts fetching. */
  readonly setPaused: (isPaused: boolean) => void;
  /** Offsets that the topic does not have any more were passed over. */
  readonly onHole: (firstOffset: number, lastOffset: number) => void;
}

/** Position behind every piece of a message. */
const WHOLE = Number.MAX_SAFE_INTEGER;
const positionOf = (offset: number, piece: number): FramePosition => ({
  segmentId: offset,
  frameNo: piece,
});

export class PartitionConsumer implements Consumer {
  readonly name: string;
  readonly #options: PartitionConsumerOptions;
  /** Unsettled, in order of their offsets. */
  readonly #messages: ConsumedMessage[] = [];
  /** Index of the next one to be read. */
  #next = 0;
  /** Pieces of the message before #next that are still to be handed out. */
  readonly #pieces: SpooledBatch[] = [];
  readonly #arrival = new Gate();
  #bytes = 0;
  #isPaused = false;
  #isClosed = false;
  #endOffset: number;
  #frontier: FramePosition | null;
  #committedOffset: number;
  #gapOffset: number | null = null;
  /** Fetched from twice, and nothing is there. */
  #holeOffset: number | null = null;

  constructor(options: PartitionConsumerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#endOffset = options.endOffset;
    this.#committedOffset = options.nextOffset;
    this.#frontier = options.nextOffset === 0 ? null : positionOf(options.nextOffset - 1, WHOLE);
  }

  get frontier(): FramePosition | null {
    return this.#frontier;
  }
  get pendingFrameCount(): number {
    return Math.max(0, this.#endOffset - this.#committedOffset);
  }
  /** Not known before the messages are read. */
  get pendingEventCount(): number {
    return this.pendingFrameCount;
  }
  /** Offset of the first message that is not settled. */
  get committedOffset(): number {
    return this.#committedOffset;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Offset that did not come though one behind it did; null for none. Nothing is taken before
   * fetching began there again: what is passed over once would be committed, and never loaded.
   */
  get gapOffset(): number | null {
    return this.#gapOffset;
  }

  /** Fetching has begun at the gap again, and nothing that was fetched before still comes. */
  noteGapSought(): void {
    this.#holeOffset = this.#gapOffset;
    this.#gapOffset = null;
  }

  /** From the poll loop. */
  push(message: ConsumedMessage): void {
    // After a seek or a rebalance the client may hand out again what is here already.
    const expected = (this.#messages.at(-1)?.offset ?? this.#committedOffset - 1) + 1;
    if (message.offset < expected) return;
    if (message.offset > expected && this.#holeOffset !== expected) {
      this.#gapOffset = expected;
      return;
    }
    if (message.offset > expected) this.#options.onHole(expected, message.offset - 1);
    this.#gapOffset = null;
    this.#messages.push(message);
    this.#bytes += message.value?.length ?? 0;
    this.#endOffset = Math.max(this.#endOffset, message.offset + 1);
    this.#pauseOrResume();
    this.#arrival.open();
  }

  noteEnd(endOffset: number): void {
    this.#endOffset = Math.max(this.#endOffset, endOffset);
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    const onAbort = (): void => this.#arrival.open();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (signal.aborted || this.#isClosed) return null;
        const piece = this.#pieces.shift();
        if (piece !== undefined) return piece;
        const message = this.#messages[this.#next];
        if (message === undefined) {
          await this.#arrival.passed();
          continue;
        }
        const pieces = await this.#piecesOf(message);
        this.#next++;
        this.#pieces.push(...pieces);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  rewind(): void {
    this.#options.known.forget();
    this.#pieces.length = 0;
    this.#next = 0;
  }

  async settle(position: FramePosition): Promise<void> {
    const isWhole = position.frameNo === WHOLE;
    const nextOffset = isWhole ? position.segmentId + 1 : position.segmentId;
    if (nextOffset > this.#committedOffset) await this.#options.commit(nextOffset);
    this.#committedOffset = Math.max(this.#committedOffset, nextOffset);
    if (this.#frontier === null || comparePositions(position, this.#frontier) > 0)
      this.#frontier = position;
    let settledCount = 0;
    for (const { offset, value } of this.#messages) {
      if (offset >= this.#committedOffset) break;
      this.#bytes -= value?.length ?? 0;
      settledCount++;
    }
    this.#messages.splice(0, settledCount);
    this.#next = Math.max(0, this.#next - settledCount);
    this.#pauseOrResume();
  }

  /** Nothing more is read: whatever is under way can still be settled. */
  close(): void {
    this.#isClosed = true;
    this.#arrival.open();
  }

  /** The last piece stands for the whole message, so that settling it settles the message. */
  async #piecesOf(message: ConsumedMessage): Promise<SpooledBatch[]> {
    const { offset } = message;
    let envelope: Envelope;
    try {
      if (message.value === null) throw new WeirError('WEIR_EVENT_INVALID', 'it has no value');
      envelope = decodeEnvelope(message.value);
    } catch (error) {
      if (!(error instanceof WeirError && error.code === 'WEIR_EVENT_INVALID')) throw error;
      const batch = await this.#options.setAside(message, error.message);
      return [{ position: positionOf(offset, WHOLE), batch }];
    }
    const fresh = await this.#options.known.newOf(envelope);
    if (fresh.length === 0) {
      const { seqFirst } = envelope;
      return [
        { position: positionOf(offset, WHOLE), batch: batchOf(envelope, seqFirst, seqFirst - 1) },
      ];
    }
    return fresh.map(([first, last], i) => ({
      position: positionOf(offset, i === fresh.length - 1 ? WHOLE : i),
      batch: batchOf(envelope, first, last),
    }));
  }

  #pauseOrResume(): void {
    const { setPaused } = this.#options;
    const bytesMax = this.#options.bytesMax();
    const isPaused = this.#isPaused ? this.#bytes > bytesMax / 2 : this.#bytes > bytesMax;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    setPaused(isPaused);
  }
}
