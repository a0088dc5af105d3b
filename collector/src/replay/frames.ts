// Archived events as batches that keep their identity. Batches are cut where numbers, origin or
// kind change, and after so many events: the same archive gives the same batches, which a receiver
// knows.
import { createHash } from 'node:crypto';
import type { SequencedBatch, SourceRun } from '@weir/pipeline';
import { RangeSet } from '@weir/spool';
import type { ArchivedEvent } from './archived-event.js';

const BATCH_EVENTS_MAX = 512;
const BATCH_BYTES_MAX = 512 * 1024;
const OPEN_BRACE = 0x7b;

export class Batcher {
  /** Numbers that were handed out, by stream: an archive may hold an event twice. */
  readonly #sent = new Map<string, RangeSet>();
  #open: ArchivedEvent[] = [];
  #openBytes = 0;
  repeatedCount = 0;

  /** The batch that ends before this event; null as a rule. */
  add(event: ArchivedEvent): SequencedBatch | null {
    const key = createHash('sha256')
      .update(JSON.stringify([event.tenant, event.stream, String(event.epoch)]))
      .digest('base64');
    const sent = this.#sent.get(key) ?? new RangeSet();
    this.#sent.set(key, sent);
    if (sent.touches(event.seq, event.seq)) {
      this.repeatedCount++;
      return null;
    }
    sent.add(event.seq, event.seq);
    const ended = this.#continues(event) ? null : this.flush();
    this.#open.push(event);
    this.#openBytes += event.raw.length;
    return ended;
  }

  /** What is left; null for nothing. */
  flush(): SequencedBatch | null {
    const events = this.#open;
    this.#open = [];
    this.#openBytes = 0;
    return events.length === 0 ? null : batchOf(events);
  }

  #continues(event: ArchivedEvent): boolean {
    const last = this.#open.at(-1);
    return (
      last !== undefined &&
      this.#open.length < BATCH_EVENTS_MAX &&
      this.#openBytes + event.raw.length <= BATCH_BYTES_MAX &&
      last.tenant === event.tenant &&
      last.stream === event.stream &&
      last.epoch === event.epoch &&
      last.seq + 1 === event.seq &&
      last.ingestUs === event.ingestUs &&
      formatOf(last) === formatOf(event)
    );
  }
}

/** Of neighbouring numbers, at least one. */
function batchOf(events: readonly ArchivedEvent[]): SequencedBatch {
  const first = events[0] as ArchivedEvent;
  const offsets = new Uint32Array(events.length + 1);
  const byteCount = events.reduce((sum, { raw }) => sum + raw.length, 0);
  const bytes = new Uint8Array(byteCount);
  let at = 0;
  for (const [i, { raw }] of events.entries()) {
    bytes.set(raw, at);
    at += raw.length;
    offsets[i + 1] = at;
  }
  return {
    ...{ tenant: first.tenant, stream: first.stream, epoch: first.epoch, seqFirst: first.seq },
    ...{ retentionClass: 'default', format: formatOf(first), eventCount: events.length },
    receivedAtNs: BigInt(first.ingestUs) * 1000n,
    ...{ bytes, offsets, marks: new Uint32Array(0), runs: runsOf(events) },
    ...{ requestParts: [], dispositions: [] },
  };
}

/** Two halves of a batch that a receiver has in part; null for a single event. */
export function halve(batch: SequencedBatch): [SequencedBatch, SequencedBatch] | null {
  if (batch.eventCount < 2) return null;
  const middle = batch.eventCount >>> 1;
  return [partOf(batch, 0, middle), partOf(batch, middle, batch.eventCount)];
}

function partOf(batch: SequencedBatch, from: number, to: number): SequencedBatch {
  const [start, end] = [batch.offsets[from] as number, batch.offsets[to] as number];
  let at = 0;
  const runs = batch.runs.flatMap((run): SourceRun[] => {
    const first = Math.max(from, at);
    const eventCount = Math.min(to, at + run.eventCount) - first;
    const sourceSeqFirst = run.sourceSeqFirst + first - at;
    at += run.eventCount;
    return eventCount > 0 ? [{ ...run, eventCount, sourceSeqFirst }] : [];
  });
  return {
    ...batch,
    seqFirst: batch.seqFirst + from,
    eventCount: to - from,
    bytes: batch.bytes.slice(start, end),
    offsets: batch.offsets.slice(from, to + 1).map((offset) => offset - start),
    runs,
  };
}

function runsOf(events: readonly ArchivedEvent[]): SourceRun[] {
  const runs: { source: string; sourceSeqFirst: number; eventCount: number; context: string }[] =
    [];
  for (const { source, sourceSeq } of events) {
    const last = runs.at(-1);
    const continues =
      last?.source === source && last.sourceSeqFirst + last.eventCount === sourceSeq;
    if (last !== undefined && continues) last.eventCount++;
    else runs.push({ source, sourceSeqFirst: sourceSeq, eventCount: 1, context: '' });
  }
  return runs;
}

/** An archive does not say it: a syslog message never begins with a brace. */
const formatOf = ({ raw }: ArchivedEvent): SequencedBatch['format'] =>
  raw[0] === OPEN_BRACE ? 'json' : 'syslog';
