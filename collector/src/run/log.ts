// The log: one JSON object a line on standard error. Lines that nobody reads are dropped and
// counted, so that a stopped reader stops no events; only `fatal` is written at once. The fields
// are explained in docs/logging.md.
import { messageOf, type RawBatch, type SequencedBatch, WeirError } from '@weir/pipeline';
import { type Logger, pino, symbols } from 'pino';
import { LineOutput } from './line-output.js';

const FATAL = 60;

export interface LogOptions {
  readonly log_level: string;
}

export interface Log {
  readonly log: Logger;
  /** Resolves when standard error has taken all, or when the time is over. */
  flush(timeoutMs: number): Promise<void>;
}

/** `output` stands for standard error. */
export function createLog(config: LogOptions, output?: LineOutput): Log {
  const lines = output ?? new LogOutput(process.stderr);
  const stream = {
    // Pino then leaves the level of a line in `lastLevel` before it is written.
    [symbols.needsMetadataGsym]: true as const,
    lastLevel: 0,
    write(text: string): void {
      if (stream.lastLevel >= FATAL) lines.writeNow(text);
      else lines.write(text);
    },
  };
  const log = pino(
    {
      level: config.log_level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return { log, flush: (timeoutMs) => lines.flush(timeoutMs) };
}

class LogOutput extends LineOutput {
  override dropNotice(count: number): string {
    const notice = { level: 'warn', component: 'log', dropped_lines: count };
    return `${JSON.stringify({ ...notice, msg: 'lines were dropped, since nobody read them' })}\n`;
  }
}

/** The logger of a component; `id` is its id in configuration and metrics. */
export const componentLog = (log: Logger, id: string): Logger => log.child({ component: id });

/** Says which batch a line is about; the same fields at every stage, and in the ledger. */
export interface BatchFields {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch?: string;
  readonly first_seq?: number;
  readonly event_count: number;
}

export function batchFields(batch: RawBatch | SequencedBatch): BatchFields {
  const { tenant, stream, eventCount } = batch;
  if (!('seqFirst' in batch)) return { tenant, stream, event_count: eventCount };
  return {
    tenant,
    stream,
    epoch: String(batch.epoch),
    first_seq: batch.seqFirst,
    event_count: eventCount,
  };
}

/** Code and details of an operating error; a defect of ours shows where it came from. */
export function failureFields(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof WeirError) return { error_code: error.code, ...error.details };
  return {
    error_code: 'UNEXPECTED',
    error: error instanceof Error ? error.stack : messageOf(error),
  };
}

/** Milliseconds with three digits behind the point. */
export const durationFields = (fromMs: number, toMs: number): { readonly duration_ms: number } => ({
  duration_ms: Math.round((toMs - fromMs) * 1000) / 1000,
});
