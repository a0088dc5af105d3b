// Everything that lets people look into a running collector, in one place: taps, metrics, status
// and the control socket. The collector tells it what there is; it never steers anything.
import {
  type Clock,
  type EncodedBatch,
  type GraphDocument,
  type Metrics,
  type ProcessTask,
  type RunOptions,
  type Sequencer,
  type TapRequest,
  type Workers,
  workerFailureOf,
} from '@weir/pipeline';
import { type BusyMeter, meterWorkers } from './busy-meter.js';
import { ClockWatch } from './clock-watch.js';
import {
  type ControlServer,
  type Requeuing,
  type StatusSink,
  startControl,
  statusReporter,
} from './control/index.js';
import {
  registerClockMetrics,
  registerPoolMetrics,
  registerProcessMetrics,
  registerSilenceMetrics,
  registerSinkMetrics,
  registerSpoolMetrics,
  stepCounter,
  type WatchedSpool,
} from './gauges.js';
import { type GraphView, viewOfGraph } from './graph-view.js';
import { SourceWatch } from './source-watch.js';
import { SpoolForecast } from './spool-forecast.js';
import { type StepError, StepErrors } from './step-errors.js';
import { TapHub } from './tap-hub.js';

const SAMPLE_MS = 1_000;

export interface InsightOptions {
  readonly version: string;
  readonly dataDirectory: string;
  readonly graph: GraphDocument;
  /** Type by source id, for people. */
  readonly sourceTypes: Readonly<Record<string, string>>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly spool: WatchedSpool;
  /** Space left on the file system of the spool. */
  readonly freeBytes: () => Promise<number>;
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  /** What is wrong with a CEL condition, null when nothing is. */
  readonly checkCondition: (condition: string) => string | null;
  /** `running`, or why it takes or delivers nothing. */
  readonly state: () => string;
  /** For the log: the wall clock was set by so many seconds. */
  readonly onClockStep?: (stepSeconds: number) => void;
  /** For the log: what a component threw. Not more than once a minute for each. */
  readonly onComponentError?: (error: StepError) => void;
}

export class Insight {
  /** The pool to give batches to. */
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly #options: InsightOptions;
  readonly #meter: BusyMeter;
  readonly #taps: TapHub;
  readonly #sources: SourceWatch;
  readonly #forecast: SpoolForecast;
  readonly #view: GraphView;
  readonly #countSteps: ReturnType<typeof stepCounter>;
  readonly #stopProcessMetrics: () => void;
  readonly #sampleTimer: NodeJS.Timeout;
  #sinks: readonly StatusSink[] = [];
  #control: ControlServer | null = null;

  constructor(options: InsightOptions) {
    const { clock, graph, metrics, spool } = options;
    this.#options = options;
    const metered = meterWorkers(options.workers, clock);
    this.workers = {
      workerCount: metered.workerCount,
      run: (task, transfer, runOptions) => this.#run(metered, task, transfer, runOptions),
      close: () => metered.close(),
    };
    this.#meter = metered.meter;
    this.#view = viewOfGraph(graph, { sourceTypes: options.sourceTypes });
    this.#sources = new SourceWatch(clock);
    this.#taps = new TapHub({
      graph,
      clock,
      checkCondition: options.checkCondition,
      sinkState: (id) => this.#sinks.find((sink) => sink.id === id)?.stats().state ?? 'unreachable',
    });
    this.#forecast = new SpoolForecast({
      level: () => spool.stats(),
      clock,
      freeBytes: options.freeBytes,
    });
    const clockWatch = new ClockWatch(clock, options.onClockStep ?? (() => {}));
    this.#sampleTimer = setInterval(() => {
      this.#forecast.sample();
      clockWatch.look();
    }, SAMPLE_MS);
    this.#sampleTimer.unref();
    const errors = new StepErrors(clock, options.onComponentError ?? (() => {}));
    this.#countSteps = stepCounter(metrics, graph, (step) => errors.note(step));
    registerSpoolMetrics(metrics, spool, this.#forecast);
    registerPoolMetrics(metrics, this.#meter);
    registerSilenceMetrics(metrics, this.#sources);
    registerClockMetrics(metrics, clockWatch);
    const startedAtSeconds = Number(clock.nowNs()) / 1e9;
    this.#stopProcessMetrics = registerProcessMetrics(metrics, startedAtSeconds);
  }

  /** A condition that keeps a worker too long ends its tap; events are not to suffer from it. */
  async #run(
    workers: Workers<ProcessTask, EncodedBatch>,
    task: ProcessTask,
    transfer: readonly ArrayBuffer[],
    options?: RunOptions,
  ): Promise<EncodedBatch> {
    try {
      return await workers.run(task, transfer, options);
    } catch (error) {
      const kind = workerFailureOf(error)?.kind;
      if (kind === 'hung' || kind === 'died')
        for (const { id, condition } of task.taps)
          if (condition !== null) this.#taps.end(id, 'a worker ended while it watched');
      throw error;
    }
  }

  /** The same sequencer; sources that pass through it are watched for silence. */
  sequencer(sequencer: Sequencer): Sequencer {
    return this.#sources.watch(sequencer);
  }

  /** Once, when the sinks are there. */
  watchSinks(sinks: readonly StatusSink[]): void {
    this.#sinks = sinks;
    for (const sink of sinks) registerSinkMetrics(this.#options.metrics, sink);
  }

  /** For the option `taps` of a sink's OrderedProcessor. */
  tapRequests(sink: string): readonly TapRequest[] {
    return this.#taps.requests(sink);
  }

  /** For each batch that was processed for a sink. */
  onEncoded(sink: string, { steps, tapped }: EncodedBatch): void {
    if (steps !== undefined) this.#countSteps(sink, steps);
    if (tapped !== undefined) this.#taps.offer(tapped);
  }

  /** `path` is DIR/control.sock; resolves with the path to write into run.json. */
  async startControl(path: string, requeuing: Requeuing | null): Promise<string> {
    const { clock, dataDirectory, metrics, spool, state, version } = this.#options;
    this.#control = await startControl({
      path,
      status: statusReporter({
        version,
        dataDirectory,
        clock,
        state,
        metrics,
        sinks: () => this.#sinks,
        spool,
        forecast: this.#forecast,
        sources: this.#sources,
        workers: this.#meter,
        taps: this.#taps,
      }),
      graph: () => this.#view,
      taps: this.#taps,
      metricsText: () => metrics.text(),
      requeuing,
    });
    return this.#control.path;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sampleTimer);
    this.#stopProcessMetrics();
    await this.#control?.stop();
  }
}
