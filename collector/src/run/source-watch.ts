// Notices sources that have gone silent: that were heard before and are quiet for longer than they
// usually are. Looked at once for each run of a batch, as it is numbered.
import {
  type Clock,
  LIMITS,
  OTHER_SOURCE,
  type RawBatch,
  type SequencedBatch,
  type Sequencer,
} from '@weir/pipeline';

/** Pauses below this are no rhythm: a burst is heard once. */
const BEAT_MS = 1_000;
/** Nobody is called silent before this. */
const SILENT_AFTER_MS_MIN = 60_000;
/** ... nor before this many of its usual pauses. */
const SILENT_AFTER_PAUSES = 3;
/** Beats after which a source has a rhythm. */
const BEATS_MIN = 3;
/** A long pause is forgotten over about so many beats. */
const PAUSE_DECAY = 32;
/** A source that was not heard for a day is gone, not silent. */
const GONE_AFTER_MS = 86_400_000;

export interface SilentSource {
  readonly listener: string;
  readonly source: string;
  readonly silentMs: number;
  /** The longest pause that was usual. */
  readonly usualPauseMs: number;
}

export interface SourceReport {
  /** Sources that are watched. */
  readonly watchedCount: number;
  /** Sources beyond the limit that nobody watches, runs of them. */
  readonly unwatchedRunCount: number;
  readonly silentCount: number;
  /** The ones that were silent longest, at most as many as were asked for. */
  readonly silent: readonly SilentSource[];
}

class Watched {
  beatMs: number;
  beatCount = 1;
  usualPauseMs = BEAT_MS;

  constructor(nowMs: number) {
    this.beatMs = nowMs;
  }

  hear(nowMs: number): void {
    const pauseMs = nowMs - this.beatMs;
    if (pauseMs < BEAT_MS) return;
    this.beatMs = nowMs;
    this.beatCount++;
    this.usualPauseMs = Math.max(
      pauseMs,
      this.usualPauseMs - (this.usualPauseMs - pauseMs) / PAUSE_DECAY,
    );
  }

  isSilent(nowMs: number): boolean {
    const limitMs = Math.max(SILENT_AFTER_MS_MIN, this.usualPauseMs * SILENT_AFTER_PAUSES);
    return this.beatCount >= BEATS_MIN && nowMs - this.beatMs > limitMs;
  }
}

export class SourceWatch {
  readonly #clock: Clock;
  readonly #watchedMax: number;
  /** By stream, then by source. */
  readonly #streams = new Map<string, Map<string, Watched>>();
  #watchedCount = 0;
  #unwatchedRunCount = 0;

  constructor(clock: Clock, watchedMax: number = LIMITS.watchedSourcesMax) {
    this.#clock = clock;
    this.#watchedMax = watchedMax;
  }

  /** The same sequencer, with its batches looked at. */
  watch(sequencer: Sequencer): Sequencer {
    return {
      epoch: sequencer.epoch,
      assign: (batch: RawBatch): SequencedBatch => {
        const sequenced = sequencer.assign(batch);
        this.#look(sequenced);
        return sequenced;
      },
      issued: () => sequencer.issued(),
    };
  }

  #look({ stream, runs }: SequencedBatch): void {
    if (runs.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    let sources = this.#streams.get(stream);
    if (sources === undefined) {
      sources = new Map();
      this.#streams.set(stream, sources);
    }
    for (const { source } of runs) {
      const watched = sources.get(source);
      if (watched !== undefined) watched.hear(nowMs);
      else if (source !== OTHER_SOURCE) this.#add(sources, source, nowMs);
    }
  }

  #add(sources: Map<string, Watched>, source: string, nowMs: number): void {
    if (this.#watchedCount >= this.#watchedMax) {
      this.#unwatchedRunCount++;
      return;
    }
    this.#watchedCount++;
    sources.set(source, new Watched(nowMs));
  }

  report(silentMax: number): SourceReport {
    const nowMs = this.#clock.monotonicMs();
    const silent: SilentSource[] = [];
    for (const [stream, sources] of this.#streams) {
      const listener = listenerOf(stream);
      for (const [source, watched] of sources) {
        const silentMs = nowMs - watched.beatMs;
        if (silentMs > GONE_AFTER_MS) {
          sources.delete(source);
          this.#watchedCount--;
        } else if (watched.isSilent(nowMs)) {
          silent.push({ listener, source, silentMs, usualPauseMs: watched.usualPauseMs });
        }
      }
    }
    silent.sort((a, b) => b.silentMs - a.silentMs);
    return {
      watchedCount: this.#watchedCount,
      unwatchedRunCount: this.#unwatchedRunCount,
      silentCount: silent.length,
      silent: silent.slice(0, silentMax),
    };
  }
}

/** Second part of `<node>/<listener>/<shard>`. */
const listenerOf = (stream: string): string => stream.split('/')[1] ?? stream;
