// The way of a source's batches to a sink, compiled: the parser, then the steps row by row, then
// the sink's encoder.
import type { Tables } from '@weir/enrich';
import { type ParseOptions, parseBatch, regexParser } from '@weir/parsers';
import {
  type Adds,
  type ColumnWriter,
  type EncodedBatch,
  type EventBatch,
  type FilterCause,
  InvariantError,
  LIMITS,
  type LiveRow,
  MARK,
  type ProcessTask,
  type SequencedBatch,
  STATUS,
  type Step,
} from '@weir/pipeline';
import { noteProgress } from '@weir/pipeline/node';
import { sourceZones } from '../../config/source-zones.js';
import { Counts } from './counts.js';
import type { Encoder } from './encoders.js';
import { type HollowRows, hollowRowsOf } from './hollow.js';
import type { LoadedComponents } from './modules.js';
import { ownParser } from './own-parser.js';
import { type RowStep, rowStep } from './steps.js';
import { BatchTaps, type TapConditions } from './taps.js';

const NOT_TAKEN: FilterCause = { kind: 'filtered', cause: 'filter:inputs' };
/** Causes by row, of filtered rows only; reused, since each of them is written. */
const causeIndexes = new Uint16Array(LIMITS.batchEventCountMax);

/** What all ways of a worker share. */
export interface WayShared {
  readonly writer: ColumnWriter;
  readonly event: LiveRow;
  readonly components: LoadedComponents;
  readonly adds: Adds;
  readonly tables: Tables;
  readonly transformIds: readonly string[];
  readonly tapConditions: TapConditions;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface CompiledStep extends RowStep {
  readonly counts: Counts;
  /** Index into causes. */
  readonly cause: number;
}

export class Way {
  readonly #source: string;
  readonly #sink: string;
  readonly #encoder: Encoder;
  readonly #shared: WayShared;
  /** Of all steps, the parse step included, in order. */
  readonly #stepIds: readonly string[];
  readonly #parseCounts: Counts | null = null;
  readonly #parseOptions: ParseOptions;
  readonly #steps: readonly CompiledStep[];
  readonly #causes: readonly FilterCause[];
  readonly #mustParse: boolean;
  #taps: BatchTaps | null = null;

  constructor(
    source: string,
    sink: string,
    steps: readonly Step[],
    encoder: Encoder,
    shared: WayShared,
  ) {
    const { writer, event, components, adds, tables, transformIds } = shared;
    this.#source = source;
    this.#sink = sink;
    this.#encoder = encoder;
    this.#shared = shared;
    this.#stepIds = steps.map(({ id }) => id);
    const causes: FilterCause[] = [];
    const compiled: CompiledStep[] = [];
    const parse: Mutable<ParseOptions> = {};
    for (const step of steps) {
      const { id, document } = step;
      const index = transformIds.indexOf(id);
      if (document.type === 'parse') {
        this.#parseCounts = new Counts(id);
        const loaded = components.get(id);
        if (document.pack !== undefined) parse.pack = document.pack;
        const zoneOf = sourceZones(document);
        if (zoneOf !== null) parse.zoneOf = zoneOf;
        if (document.columns !== undefined) parse.columns = document.columns;
        const { regex, fields = {} } = document;
        if (regex !== undefined) parse.own = regexParser({ regex, fields });
        if (loaded !== undefined)
          parse.own = ownParser(loaded, index, writer, event, this.#parseCounts);
      }
      const row = rowStep(step, index, components, adds, tables);
      if (row === null) continue;
      compiled.push({ ...row, counts: new Counts(id), cause: causes.length });
      causes.push({ kind: 'filtered', cause: `filter:${id}` });
    }
    this.#parseOptions = parse;
    this.#steps = compiled;
    this.#causes = causes;
    const documents = steps.map(({ document }) => document);
    this.#mustParse = encoder.unparsed?.mustParse(documents) ?? true;
  }

  process(task: ProcessTask): EncodedBatch {
    const { batch, skipSeqs, taps } = task;
    const { encode, unparsed } = this.#encoder;
    if (!this.#mustParse && taps.length === 0 && unparsed !== null) return unparsed.encode(batch);
    if (task.tables !== undefined) this.#shared.tables.use(task.tables);
    this.#taps = this.#openTaps(task);
    const hollow = hollowRowsOf(batch);
    const encoded = encode(this.#parse(batch, hollow, task.pack), batch, skipSeqs);
    const steps = this.#takeCounts();
    const tapped = this.#taps?.all.map((tap) => tap.take());
    this.#taps = null;
    return {
      ...encoded,
      ...(steps.length === 0 ? {} : { steps }),
      ...(tapped === undefined ? {} : { tapped }),
    };
  }

  #openTaps({ batch, skipSeqs, taps }: ProcessTask): BatchTaps | null {
    if (taps.length === 0) return null;
    const { tapConditions } = this.#shared;
    const way = { source: this.#source, sink: this.#sink, stepIds: this.#stepIds };
    const opened = new BatchTaps(taps, tapConditions, way, batch, skipSeqs);
    return opened.all.length === 0 ? null : opened;
  }

  #parse(batch: SequencedBatch, hollow: HollowRows | null, pack: string | undefined): EventBatch {
    const { writer, event } = this.#shared;
    for (const { counts } of this.#steps) counts.take();
    this.#parseCounts?.take();
    event.begin(batch);
    if (this.#taps !== null && this.#taps.raw.length > 0) {
      this.#offerRaw(batch, hollow);
      event.begin(batch);
    }
    const hasSteps = this.#steps.length > 0 || this.#parseCounts !== null || this.#taps !== null;
    const options: ParseOptions = {
      ...(pack === undefined ? this.#parseOptions : { pack }),
      ...(hasSteps ? { onRow: this.#onRow } : {}),
      ...(hollow === null ? {} : { hollow: hollow.rows }),
    };
    const events = parseBatch(batch, writer, options);
    if (hollow === null)
      return this.#causes.length === 0
        ? events
        : { ...events, filteredBy: { causeIndex: causeIndexes, causes: this.#causes } };
    return { ...events, filteredBy: withHollow(hollow, this.#causes) };
  }

  #offerRaw(batch: SequencedBatch, hollow: HollowRows | null): void {
    const { writer, event } = this.#shared;
    // The writer is open and empty: no field of the row is there yet.
    writer.begin(batch);
    for (let row = 0; row < batch.eventCount; row++) {
      if (hollow?.rows[row] === 1) continue;
      writer.openRow(row);
      for (const tap of this.#taps?.raw ?? []) tap.offerRaw(event.move(row));
    }
    writer.finish();
  }

  readonly #onRow = (row: number): void => {
    const { writer, event } = this.#shared;
    const isRejected = writer.rejectedAs(row) !== 0;
    const offset = this.#parseCounts === null ? 0 : 1;
    if (this.#parseCounts !== null) {
      this.#parseCounts.receivedEvents++;
      if (!isRejected) this.#parseCounts.sentEvents++;
    }
    // What goes to quarantine is not enriched, and no filter decides on it.
    if (isRejected) return;
    event.move(row);
    if (offset === 1) this.#taps?.atStep(0, '', event);
    const steps = this.#steps;
    for (let i = 0; i < steps.length; i++) {
      const output = this.#runStep(steps[i] as CompiledStep, row);
      if (output === null) return;
      this.#taps?.atStep(i + offset, output, event);
    }
    this.#taps?.encoded(event);
  };

  /** The output by which the row leaves the step; null when it goes no further. */
  #runStep(step: CompiledStep, row: number): string | null {
    const { writer, event } = this.#shared;
    const { counts, isEnricher } = step;
    counts.receivedEvents++;
    noteProgress(row, step.index);
    let output: string | null;
    try {
      if (isEnricher) event.record();
      output = step.run(event);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      counts.failed(error);
      output = isEnricher ? '' : null;
      if (isEnricher) event.undo();
      if (isEnricher) writer.mark(row, MARK.component_failed, 0);
      else writer.reject(row, MARK.component_failed, 0);
    }
    if (isEnricher) event.stopRecording();
    if (writer.rejectedAs(row) !== 0) {
      writer.setStatus(row, STATUS.partial);
      return null;
    }
    if (output === null) {
      if (step.isRoute) counts.sentEvents++;
      writer.setStatus(row, STATUS.filtered);
      causeIndexes[row] = step.cause;
      return null;
    }
    counts.sentEvents++;
    return output;
  }

  #takeCounts() {
    const steps = this.#steps.map(({ counts }) => counts.take());
    return this.#parseCounts === null ? steps : [this.#parseCounts.take(), ...steps];
  }
}

/** Hollow rows of the batch with their causes beside those of the steps. */
function withHollow(hollow: HollowRows, causes: readonly FilterCause[]) {
  const { rows, causeIndex } = hollow;
  for (let row = 0; row < rows.length; row++)
    if (rows[row] === 1) causeIndexes[row] = causes.length + (causeIndex[row] as number);
  return { causeIndex: causeIndexes, causes: [...causes, ...hollow.causes] };
}

/** A batch whose source does not lead to the sink: nothing of it is parsed, all is accounted. */
export function processUntaken(task: ProcessTask, encoder: Encoder, writer: ColumnWriter) {
  const { batch, skipSeqs } = task;
  writer.begin(batch);
  for (let row = 0; row < batch.eventCount; row++) writer.setStatus(row, STATUS.filtered);
  causeIndexes.fill(0, 0, batch.eventCount);
  const hollow = hollowRowsOf(batch);
  const filteredBy =
    hollow === null
      ? { causeIndex: causeIndexes, causes: [NOT_TAKEN] }
      : withHollow(hollow, [NOT_TAKEN]);
  return encoder.encode({ ...writer.finish(), filteredBy }, batch, skipSeqs);
}
