// The law that nothing may break, looked at once a second for every own stream:
//   offered = issued + refused + open           at admission
//   issued = waiting + durable + failed         on the way into the spool
//   settled = stored + quarantined + filtered + lost, and no number skipped      for each sink
// Each side of an equation is counted by other code than the other side.
import type { AdmissionTally, MetricRow, Metrics } from '@weir/pipeline';
import type { BufferAccount, BufferAccounts } from './buffer-accounts.js';
import { OUTCOMES, type SinkAccount, type SinkAccounts } from './sink-accounts.js';

/** A stream at its admission. */
export interface WatchedStream {
  readonly stream: string;
  tally(): AdmissionTally;
}

export interface ConservationOptions {
  readonly metrics: Metrics;
  readonly buffer: BufferAccounts;
  /** Gets each imbalance once, in a sentence. */
  readonly onImbalance: (problem: string) => void;
}

export interface ConservationReport {
  readonly isBalanced: boolean;
  readonly problems: readonly string[];
}

export class Conservation {
  readonly #options: ConservationOptions;
  readonly #sinks = new Map<string, SinkAccounts>();
  #streams: readonly WatchedStream[] = [];
  #reported = new Set<string>();
  #problems: readonly string[] = [];

  constructor(options: ConservationOptions) {
    this.#options = options;
    this.#register(options.metrics);
  }

  /** Once, when the listeners are there. */
  watchStreams(streams: readonly WatchedStream[]): void {
    this.#streams = streams;
  }

  watchSink(id: string, accounts: SinkAccounts): void {
    this.#sinks.set(id, accounts);
  }

  get report(): ConservationReport {
    return { isBalanced: this.#problems.length === 0, problems: this.#problems };
  }

  /** To be called between events, never while one is being counted. */
  check(): void {
    const found = [...this.#streams.flatMap((stream) => this.#problemsOf(stream))];
    for (const [id, sink] of this.#sinks)
      for (const { stream, missing } of sink.accounts())
        if (missing > 0)
          found.push(
            `sink ${id}, stream ${stream}: ${missing} numbers are neither stored, quarantined, ` +
              'filtered, lost nor in flight; weir verify names them',
          );
    this.#problems = found;
    // The figures in a sentence move while the trouble lasts: it is reported once for each place.
    const places = new Set(found.map(placeOf));
    for (const problem of found)
      if (!this.#reported.has(placeOf(problem))) this.#options.onImbalance(problem);
    this.#reported = places;
  }

  #problemsOf(watched: WatchedStream): string[] {
    const { stream } = watched;
    const { admission, buffer } = this.#imbalanceOf(watched);
    const found: string[] = [];
    if (admission !== 0)
      found.push(
        `admission, stream ${stream}: offered and issued + refused differ by ${admission}`,
      );
    if (buffer !== 0)
      found.push(
        `spool, stream ${stream}: issued and waiting + durable + failed differ by ${buffer}`,
      );
    return found;
  }

  #imbalanceOf(watched: WatchedStream): { readonly admission: number; readonly buffer: number } {
    const { offered, issued, open, refused } = watched.tally();
    const { waiting, durable, failed } = this.#options.buffer.of(watched.stream);
    return {
      admission: Math.abs(offered - issued - open - sumOf(refused.values())),
      buffer: Math.abs(issued - waiting - durable - failed),
    };
  }

  #register(metrics: Metrics): void {
    const streams = (read: (tally: AdmissionTally, buffer: BufferAccount) => number) => () =>
      this.#streams.map((watched) => ({
        labels: { stream: watched.stream },
        value: read(watched.tally(), this.#options.buffer.of(watched.stream)),
      }));
    metrics.table(
      'counter',
      'conservation_offered_events_total',
      'Events that came to a stream of this process.',
      ['stream'],
      streams(({ offered }) => offered),
    );
    metrics.table(
      'counter',
      'conservation_issued_events_total',
      'Events that got a number.',
      ['stream'],
      streams(({ issued }) => issued),
    );
    metrics.table(
      'counter',
      'conservation_durable_events_total',
      'Events that are synced in the spool.',
      ['stream'],
      streams((_tally, { durable }) => durable),
    );
    metrics.table(
      'counter',
      'conservation_refused_events_total',
      'Events that got no number, by cause.',
      ['stream', 'cause'],
      () => this.#refusedRows(),
    );
    metrics.table(
      'counter',
      'conservation_settled_events_total',
      'Numbers that came to an end in a sink, by outcome.',
      ['sink', 'stream', 'outcome'],
      () =>
        this.#sinkRows((id, { stream, outcomes }) =>
          OUTCOMES.map((outcome) => ({
            labels: { sink: id, stream, outcome },
            value: outcomes[outcome],
          })),
        ),
    );
    metrics.table(
      'gauge',
      'conservation_in_flight_events',
      'Events of the running epoch that are numbered and not settled by the sink.',
      ['sink', 'stream'],
      () => this.#inFlightRows(),
    );
    metrics.table(
      'gauge',
      'conservation_imbalance_events',
      'Events by which the account of a stream does not close; at admission, spool or a sink.',
      ['place', 'stream'],
      () => this.#imbalanceRows(),
    );
  }

  #refusedRows(): MetricRow[] {
    return this.#streams.flatMap((watched) =>
      Array.from(watched.tally().refused, ([cause, value]) => ({
        labels: { stream: watched.stream, cause },
        value,
      })),
    );
  }

  #sinkRows(rowsOf: (id: string, account: SinkAccount) => MetricRow[]): MetricRow[] {
    return [...this.#sinks].flatMap(([id, sink]) =>
      sink.accounts().flatMap((account) => rowsOf(id, account)),
    );
  }

  #inFlightRows(): MetricRow[] {
    return [...this.#sinks].flatMap(([sink, accounts]) => {
      const settled = new Map(accounts.accounts().map((each) => [each.stream, each.settled]));
      return this.#streams.map((watched) => ({
        labels: { sink, stream: watched.stream },
        value:
          watched.tally().issued -
          this.#options.buffer.of(watched.stream).failed -
          (settled.get(watched.stream) ?? 0),
      }));
    });
  }

  #imbalanceRows(): MetricRow[] {
    const rows = this.#streams.flatMap((watched) => {
      const { stream } = watched;
      const { admission, buffer } = this.#imbalanceOf(watched);
      return [
        { labels: { place: 'admission', stream }, value: admission },
        { labels: { place: 'spool', stream }, value: buffer },
      ];
    });
    const ofSinks = this.#sinkRows((id, { stream, missing }) => [
      { labels: { place: id, stream }, value: missing },
    ]);
    return [...rows, ...ofSinks];
  }
}

const sumOf = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
};

const placeOf = (problem: string): string => problem.slice(0, problem.indexOf(':'));
