// What a log gets of isolations: each of them, unless there are so many that they would fill it.
import type { Clock } from '../ports.js';
import type { IsolationReport } from './isolation.js';

export interface IsolationLine {
  /** `error` while a component fails again and again. */
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | readonly number[]>>;
}

const SEQS_SHOWN_MAX = 10;
const STORM_LINE_MS = 10_000;

/** One for each sink. */
export class IsolationLog {
  readonly #clock: Clock;
  readonly #write: (line: IsolationLine) => void;
  #stormLineMs = Number.NEGATIVE_INFINITY;
  #unsaidBatches = 0;
  #unsaidEvents = 0;

  constructor(clock: Clock, write: (line: IsolationLine) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  note(report: IsolationReport): void {
    if (!report.isStorm) {
      this.#write({ level: 'warn', message: sentenceOf(report), fields: this.#fieldsOf(report) });
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#stormLineMs < STORM_LINE_MS) {
      this.#unsaidBatches++;
      this.#unsaidEvents += putAsideOf(report);
      return;
    }
    this.#stormLineMs = nowMs;
    const message = `a component fails again and again, shorter time limits hold: ${sentenceOf(report)}`;
    this.#write({ level: 'error', message, fields: this.#fieldsOf(report) });
  }

  #fieldsOf(report: IsolationReport): IsolationLine['fields'] {
    const { tenant, stream, epoch, seqFirst, eventCount, failure, rows } = report;
    const component = rows[0]?.component ?? failure.component;
    const fields = {
      ...(component === null ? {} : { failed_component: component }),
      tenant,
      stream,
      epoch: String(epoch),
      first_seq: seqFirst,
      event_count: eventCount,
      isolated_count: putAsideOf(report),
      isolated_seqs: rows.slice(0, SEQS_SHOWN_MAX).map((row) => row.seq),
      untried_count: report.untriedCount,
      run_count: report.runCount,
      duration_ms: Math.round(report.durationMs),
      error_kind: failure.kind,
      error: rows[0]?.message ?? failure.message,
      ...(this.#unsaidBatches === 0
        ? {}
        : { more_batches: this.#unsaidBatches, more_isolated_count: this.#unsaidEvents }),
    };
    this.#unsaidBatches = 0;
    this.#unsaidEvents = 0;
    return fields;
  }
}

const putAsideOf = (report: IsolationReport): number => report.rows.length + report.untriedCount;

function sentenceOf(report: IsolationReport): string {
  const count = putAsideOf(report);
  if (count === 0) return 'a batch failed on a worker and passed when it was tried again';
  return `${count} of the ${report.eventCount} events of a batch went to quarantine: ${
    report.rows[0]?.message ?? report.failure.message
  }`;
}
