// Someone's own parser as the packs' contract has it: a throw is the event's failure, not the
// batch's.
import {
  type BatchWriter,
  type ColumnWriter,
  type Event,
  InvariantError,
  type LiveRow,
  MARK,
  type Parser,
  type ParseVerdict,
  type RawBatch,
} from '@weir/pipeline';
import { noteProgress } from '@weir/pipeline/node';
import type { Counts } from './counts.js';
import type { LoadedComponent } from './modules.js';
import { isPromise } from './steps.js';

type Parse = (batch: RawBatch, row: number, start: number, end: number) => ParseVerdict;
const VERDICTS: readonly unknown[] = ['parsed', 'partial', 'failed', 'no'];

export function ownParser(
  loaded: LoadedComponent,
  index: number,
  writer: ColumnWriter,
  event: LiveRow,
  counts: Counts,
): Parser {
  const { name, version = '0' } = loaded.component as { name: string; version?: string };
  const isByEvent = loaded.component.kind === 'parser';
  const run = isByEvent ? byEvent(loaded, event) : byBytes(loaded, writer);
  return {
    name,
    version,
    parse(batch, row, start, end) {
      noteProgress(row, index);
      const reasonBefore = writer.rejectedAs(row);
      try {
        const verdict = run(batch, row, start, end);
        return writer.rejectedAs(row) === reasonBefore ? verdict : 'failed';
      } catch (error) {
        // On bytes a wrong field is the parser's mistake, and nothing was written for it.
        if (error instanceof InvariantError && isByEvent) throw error;
        counts.failed(error);
        writer.rollbackRow(row);
        writer.reject(row, MARK.component_failed, 0);
        return 'failed';
      }
    },
  };
}

function byEvent({ component, state }: LoadedComponent, event: LiveRow): Parse {
  const parser = component as unknown as { parse(event: Event, state: unknown): unknown };
  return (_batch, row, start) => {
    const result = parser.parse(event.move(row, start), state);
    if (isPromise(result))
      throw new TypeError('parse returned a promise; it must set all values before it returns');
    return result === false ? 'no' : 'parsed';
  };
}

function byBytes({ component, state }: LoadedComponent, writer: ColumnWriter): Parse {
  const parser = component as unknown as {
    parseBytes(
      batch: RawBatch,
      row: number,
      start: number,
      end: number,
      out: BatchWriter,
      state: unknown,
    ): unknown;
  };
  return (batch, row, start, end) => {
    const verdict = parser.parseBytes(batch, row, start, end, writer, state);
    if (!VERDICTS.includes(verdict))
      throw new TypeError(`parseBytes must return one of ${VERDICTS.join(', ')}`);
    return verdict as ParseVerdict;
  };
}
