// Worker side: a batch as messages of the topic. One message a batch, more where it would be too
// large. Rows for quarantine and numbers that were filtered travel with the others: the loader
// stores and notes them.
import type {
  Disposition,
  EncodedBatch,
  EventBatch,
  SequencedBatch,
  StoreProfile,
} from '@weir/pipeline';
import { columnsOf, encodeBatch, type NativeBatch } from '../../clickhouse/native/index.js';
import { quarantineOf } from '../../rows/index.js';
import { type Envelope, encodeEnvelope } from '../envelope/envelope.js';
import { clipAll, outside } from './clip.js';
import { blockOfMessages, type MessageHead } from './message-block.js';

/** Uncompressed, where it can be had: a single event may be larger. */
export const MESSAGE_BYTES_MAX = 768 * 1024;

interface Draft {
  readonly head: MessageHead;
  readonly value: Uint8Array;
}

/** Never null where the batch has numbers: also one all of whose rows are filtered must arrive. */
export function encodeMessages(
  events: EventBatch,
  batch: SequencedBatch,
  profile: StoreProfile,
  messageBytesMax = MESSAGE_BYTES_MAX,
): EncodedBatch {
  const encoder = new BatchEncoder(events, batch, profile, messageBytesMax);
  const messages = encoder.encode();
  const filteredCount = encoder.filtered.reduce((sum, { eventCount }) => sum + eventCount, 0);
  return {
    events: { rowCount: batch.eventCount - filteredCount, bytes: blockOfMessages(messages) },
    quarantine: null,
    quarantinedSeqs: new Float64Array(0),
    quarantinedByReason: {},
    filtered: encoder.filtered,
  };
}

class BatchEncoder {
  readonly #events: EventBatch;
  readonly #batch: SequencedBatch;
  readonly #profile: StoreProfile;
  readonly #bytesMax: number;
  readonly #whole: NativeBatch;
  readonly #drafts: Draft[] = [];

  constructor(
    events: EventBatch,
    batch: SequencedBatch,
    profile: StoreProfile,
    messageBytesMax: number,
  ) {
    this.#events = events;
    this.#batch = batch;
    this.#profile = profile;
    this.#bytesMax = messageBytesMax;
    this.#whole = encodeBatch(events, batch, null, profile);
  }

  get filtered(): readonly Disposition[] {
    return this.#whole.filtered;
  }

  encode(): readonly Draft[] {
    const { seqFirst, eventCount } = this.#batch;
    this.#add(seqFirst, seqFirst + eventCount - 1, this.#whole);
    return this.#drafts;
  }

  /** `encoded` has the rows of [first, last], and no others. */
  #add(first: number, last: number, encoded: NativeBatch): void {
    const byteCount = (encoded.events?.bytes.length ?? 0) + (encoded.quarantine?.bytes.length ?? 0);
    if (byteCount <= this.#bytesMax || first >= last) {
      this.#drafts.push(this.#draft(first, last, encoded));
      return;
    }
    // The sum of two numbers may be too large to be exact.
    const middle = first + Math.floor((last - first) / 2);
    for (const [from, to] of [
      [first, middle],
      [middle + 1, last],
    ] as const)
      this.#add(from, to, this.#encodeOnly(this.#events, from, to));
  }

  #encodeOnly(events: EventBatch, first: number, last: number): NativeBatch {
    const { seqFirst, eventCount } = this.#batch;
    const others: number[] = [];
    for (let seq = seqFirst; seq < seqFirst + eventCount; seq++)
      if (seq < first || seq > last) others.push(seq);
    return encodeBatch(events, this.#batch, Float64Array.from(others), this.#profile);
  }

  #draft(first: number, last: number, encoded: NativeBatch): Draft {
    const { tenant, stream, epoch } = this.#batch;
    const envelope = this.#envelope(first, last, encoded);
    const head: MessageHead = {
      tenant,
      stream,
      epoch: String(epoch),
      seqFirst: first,
      seqLast: last,
      eventCount: envelope.eventCount,
    };
    return { head, value: encodeEnvelope(envelope) };
  }

  #envelope(first: number, last: number, encoded: NativeBatch): Envelope {
    const batch = this.#batch;
    const { seqFirst } = batch;
    const end = seqFirst + batch.eventCount - 1;
    const quarantinedRows = this.#whole.quarantinedSeqs
      .filter((seq) => seq >= first && seq <= last)
      .map((seq) => seq - seqFirst);
    const quarantine = quarantineOf(this.#events, seqFirst, Uint16Array.from(quarantinedRows));
    // What is said of numbers of other batches, and refusals, stand in the first message only.
    const others =
      first === seqFirst
        ? batch.dispositions.flatMap((known) => outside(known, seqFirst, end) ?? [])
        : [];
    return {
      tenant: batch.tenant,
      stream: batch.stream,
      epoch: batch.epoch,
      seqFirst: first,
      eventCount: last - first + 1,
      ingestUs: Number(batch.receivedAtNs / 1000n),
      retentionClass: batch.retentionClass,
      format: batch.format,
      // Of a batch none of whose rows travel not even the names of its sources do.
      runs: hasRows(encoded) ? runsOf(batch, first - seqFirst, last - seqFirst) : [],
      dispositions: [...others, ...clipAll(batch.dispositions, first, last)],
      filtered: clipAll(this.#whole.filtered, first, last),
      quarantinedSeqs: [...quarantine.quarantinedSeqs],
      quarantinedByReason: quarantine.quarantinedByReason,
      events: encoded.events === null ? null : columnsOf(encoded.events),
      quarantine: encoded.quarantine === null ? null : columnsOf(encoded.quarantine),
    };
  }
}

const hasRows = ({ events, quarantine }: NativeBatch): boolean =>
  events !== null || quarantine !== null;

/** Of the rows first..last of the batch. */
function runsOf(batch: SequencedBatch, first: number, last: number) {
  let at = 0;
  return batch.runs.flatMap((run) => {
    const from = Math.max(first, at);
    const to = Math.min(last, at + run.eventCount - 1);
    const skipped = from - at;
    at += run.eventCount;
    if (to < from) return [];
    const sourceSeqFirst = run.sourceSeqFirst + skipped;
    return [{ ...run, eventCount: to - from + 1, sourceSeqFirst }];
  });
}
