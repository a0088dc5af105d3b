// Gaps in the numbers of each source, as its events leave the spool: what /metrics shows of LED-09.
// One sink's consumer is enough, since every sink is given every batch. `weir verify --by source`
// looks into the tables instead.
import {
  type Consumer,
  type FramePosition,
  LIMITS,
  type Metrics,
  type SequencedBatch,
  type SpooledBatch,
} from '@weir/pipeline';

/** Sources with gaps that /metrics shows; the rest is one row. */
const SHOWN_MAX = 100;
const REST = 'other';

interface Source {
  readonly stream: string;
  readonly source: string;
  next: number;
  missing: number;
}

export class SourceGaps implements Consumer {
  readonly #consumer: Consumer;
  readonly #ownPrefix: string;
  readonly #sourcesMax: number;
  /** By stream and epoch, then by source. */
  readonly #streams = new Map<string, Map<string, Source>>();
  #sourceCount = 0;

  constructor(consumer: Consumer, nodeId: string, sourcesMax: number = LIMITS.watchedSourcesMax) {
    this.#consumer = consumer;
    this.#ownPrefix = `${nodeId}/`;
    this.#sourcesMax = sourcesMax;
  }

  get name(): string {
    return this.#consumer.name;
  }
  get frontier(): FramePosition | null {
    return this.#consumer.frontier;
  }
  get pendingFrameCount(): number {
    return this.#consumer.pendingFrameCount;
  }
  get pendingEventCount(): number {
    return this.#consumer.pendingEventCount;
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    const spooled = await this.#consumer.read(signal);
    if (spooled !== null) this.#look(spooled.batch);
    return spooled;
  }
  rewind(): void {
    this.#consumer.rewind();
  }
  settle(position: FramePosition): Promise<void> {
    return this.#consumer.settle(position);
  }

  register(metrics: Metrics): void {
    metrics.table(
      'gauge',
      'source_missing_events',
      'Numbers of a source that were skipped on the way to the sinks, since the start.',
      ['stream', 'source'],
      () => this.#rows(),
    );
  }

  /** Sources with the most skipped numbers first. */
  gaps(): readonly Readonly<Source>[] {
    const found: Source[] = [];
    for (const sources of this.#streams.values())
      for (const source of sources.values()) if (source.missing > 0) found.push(source);
    return found.sort((a, b) => b.missing - a.missing);
  }

  *#rows() {
    const gaps = this.gaps();
    for (const { stream, source, missing } of gaps.slice(0, SHOWN_MAX))
      yield { labels: { stream, source }, value: missing };
    const rest = gaps.slice(SHOWN_MAX).reduce((sum, { missing }) => sum + missing, 0);
    if (rest > 0) yield { labels: { stream: REST, source: REST }, value: rest };
  }

  /** Streams of other nodes are not watched: only part of them may have been sent here. */
  #look({ stream, epoch, runs }: SequencedBatch): void {
    if (!stream.startsWith(this.#ownPrefix)) return;
    const key = `${stream} ${epoch}`;
    let sources = this.#streams.get(key);
    if (sources === undefined) {
      sources = new Map();
      this.#streams.set(key, sources);
    }
    for (const { source, sourceSeqFirst, eventCount } of runs) {
      const end = sourceSeqFirst + eventCount;
      const known = sources.get(source);
      if (known !== undefined) {
        // After a rewind batches come again: only what lies ahead is new.
        if (sourceSeqFirst > known.next) known.missing += sourceSeqFirst - known.next;
        known.next = Math.max(known.next, end);
      } else if (this.#sourceCount < this.#sourcesMax) {
        sources.set(source, { stream, source, next: end, missing: 0 });
        this.#sourceCount++;
      }
    }
  }
}
