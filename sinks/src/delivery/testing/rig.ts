// Batches, a processor and a sink for tests of delivery: an event's text says what becomes of it.
// `bad ...` goes to quarantine, `drop ...` is filtered, everything else becomes a row.
import type {
  BatchProcessor,
  EncodedBatch,
  SequencedBatch,
  Sink,
  SinkOutcome,
  SinkPayload,
} from '@weir/pipeline';
import { WeirError } from '@weir/pipeline';
import { SimClock, SimFiles, SimRandom } from '@weir/pipeline/testing';
import { openSinkLedger, readSinkLedger, type SinkLedger } from '@weir/spool';
import { DeadLetter } from '../dead-letter.js';
import { createDelivery } from '../delivery.js';
import type { DeliveryOptions } from '../options.js';
import { MemoryConsumer } from './memory-consumer.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface TextBatchOptions {
  readonly texts: readonly string[];
  readonly seqFirst: number;
  readonly stream?: string;
  readonly dispositions?: SequencedBatch['dispositions'];
}

export function textBatch(options: TextBatchOptions): SequencedBatch {
  const { texts, seqFirst, stream = 'node/syslog/0', dispositions = [] } = options;
  const bytes = encoder.encode(texts.join(''));
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => {
    offsets[i + 1] = (offsets[i] as number) + encoder.encode(text).length;
  });
  return {
    tenant: 'default',
    stream,
    epoch: 1n,
    seqFirst,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_767_225_600_000_000_000n,
    eventCount: texts.length,
    bytes: bytes as Uint8Array<ArrayBuffer>,
    offsets,
    marks: new Uint32Array(0),
    runs: [
      { eventCount: texts.length, source: '192.0.2.1', sourceSeqFirst: seqFirst, context: '' },
    ],
    requestParts: [],
    dispositions,
  };
}

export const rowOf = (seq: number, text: string): string => JSON.stringify({ seq, text });

export function textEncoded(batch: SequencedBatch, skipSeqs: Float64Array | null): EncodedBatch {
  const skip = new Set(skipSeqs ?? []);
  const [rows, bad, quarantined, filtered]: [string[], string[], number[], [number, number][]] = [
    [],
    [],
    [],
    [],
  ];
  for (let row = 0; row < batch.eventCount; row++) {
    const seq = batch.seqFirst + row;
    const text = decoder.decode(batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]));
    if (text.startsWith('bad')) {
      quarantined.push(seq);
      if (!skip.has(seq)) bad.push(JSON.stringify({ seq, reason: 'parse_error', raw: text }));
    } else if (text.startsWith('drop')) filtered.push([seq, seq]);
    else if (!skip.has(seq)) rows.push(rowOf(seq, text));
  }
  return {
    events: blockOf(rows),
    quarantine: blockOf(bad),
    quarantinedSeqs: Float64Array.from(quarantined),
    quarantinedByReason: quarantined.length === 0 ? {} : { parse_error: quarantined.length },
    filtered:
      filtered.length === 0
        ? []
        : [
            {
              kind: 'filtered',
              cause: 'filter:drops',
              seqRanges: filtered,
              eventCount: filtered.length,
            },
          ],
  };
}

function blockOf(lines: readonly string[]): EncodedBatch['events'] {
  if (lines.length === 0) return null;
  const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(''));
  return { rowCount: lines.length, bytes: bytes as Uint8Array<ArrayBuffer> };
}

export const textProcessor = (): BatchProcessor => ({
  process: async (batch, skipSeqs) => textEncoded(batch, skipSeqs),
});

/** The other side: takes rows, or does whatever a test tells it. */
export class FakeSink implements Sink {
  readonly rows: string[] = [];
  readonly payloadRowCounts: number[] = [];
  mode: 'ok' | 'down' | 'hang' = 'ok';
  /** Rows with this text are refused. */
  refusedText: string | null = null;
  refusalsNameRows = true;
  afterMs: number | null = null;
  openCount = 0;
  closeCount = 0;
  writesUnderWay = 0;
  writesUnderWayMax = 0;
  /** Called with the rows before they are taken. */
  onWrite: (rows: readonly string[]) => Promise<void> | void = () => undefined;

  #release: () => void = () => undefined;

  heal(): void {
    this.mode = 'ok';
    this.#release();
  }

  async open(): Promise<void> {
    this.openCount++;
    if (this.mode === 'down') throw new WeirError('WEIR_SINK_UNREACHABLE', 'nobody is there');
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    this.writesUnderWay++;
    this.writesUnderWayMax = Math.max(this.writesUnderWayMax, this.writesUnderWay);
    try {
      return await this.#write(payload, signal);
    } finally {
      this.writesUnderWay--;
    }
  }

  async #write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const text = payload.blocks.map((block) => decoder.decode(block)).join('');
    const rows = text.split('\n').slice(0, -1);
    if (rows.length !== payload.rowCount) throw new Error('rowCount is wrong');
    this.payloadRowCounts.push(rows.length);
    await this.onWrite(rows);
    if (this.mode === 'hang')
      await new Promise<unknown>((resolve) => {
        this.#release = resolve as () => void;
        signal.addEventListener('abort', resolve, { once: true });
      });
    if (this.mode !== 'ok' || signal.aborted)
      return { kind: 'retry', afterMs: this.afterMs, failure: failureOf('it does not answer') };
    const { refusedText } = this;
    const refused = rows.flatMap((row, i) =>
      refusedText !== null && row.includes(refusedText) ? [i] : [],
    );
    if (refused.length > 0) {
      const failure = failureOf(`it does not like ${refusedText}`);
      if (!this.refusalsNameRows)
        return { kind: 'rejected', rows: new Uint32Array(0), isWhole: true, failure };
      this.rows.push(...rows.filter((_, i) => !refused.includes(i)));
      return { kind: 'rejected', rows: Uint32Array.from(refused), isWhole: false, failure };
    }
    this.rows.push(...rows);
    return { kind: 'delivered' };
  }

  async close(): Promise<void> {
    this.closeCount++;
  }
}

const failureOf = (message: string) =>
  ({ code: 'WEIR_SINK_REJECTED', message, details: {} }) as const;

export const LEDGER = '/data/ledger/out';
export const QUARANTINE = '/data/quarantine/out';

export interface Rig {
  readonly clock: SimClock;
  readonly files: SimFiles;
  readonly consumer: MemoryConsumer;
  readonly ledger: SinkLedger;
  readonly deadLetter: DeadLetter;
  readonly logged: string[];
  readonly delivery: ReturnType<typeof createDelivery>;
  /** Ends the run. */
  stop(): Promise<void>;
  /** Lets time pass until everything is settled. */
  settleAll(): Promise<void>;
}

export interface RigOptions extends Partial<DeliveryOptions> {
  readonly files?: SimFiles;
  readonly deadLetterBytesMax?: number;
}

/** A delivery at work, with simulated time and files. */
export async function startRig(sink: Sink, more: RigOptions = {}): Promise<Rig> {
  const { files = new SimFiles(), deadLetterBytesMax, ...given } = more;
  const clock = new SimClock();
  const random = new SimRandom(1);
  await files.makeDir('/data/ledger');
  const consumer = (given.consumer as MemoryConsumer | undefined) ?? new MemoryConsumer();
  const ledger = await openSinkLedger({ files, random, directory: LEDGER });
  const deadLetter = new DeadLetter({
    files,
    directory: QUARANTINE,
    ...(deadLetterBytesMax === undefined ? {} : { bytesMax: deadLetterBytesMax }),
  });
  const logged: string[] = [];
  const delivery = createDelivery({
    id: 'out',
    sink,
    encoding: 'lines',
    consumer,
    processor: textProcessor(),
    ledger,
    deadLetter,
    clock,
    timers: clock,
    random,
    overrun: null,
    log: (level, message, details) => logged.push(`${level} ${message} ${JSON.stringify(details)}`),
    ...given,
  });
  const stopper = new AbortController();
  const running = delivery.run(stopper.signal);
  running.catch(() => undefined);
  return {
    clock,
    files,
    consumer,
    ledger,
    deadLetter,
    logged,
    delivery,
    async stop() {
      stopper.abort();
      await clock.run(running);
      await ledger.close();
      await deadLetter.close();
    },
    async settleAll() {
      for (let i = 0; i < 2_000 && consumer.pendingFrameCount > 0; i++) await clock.advance(100);
      if (consumer.pendingFrameCount > 0) throw new Error(`not settled: ${logged.join('\n')}`);
    },
  };
}

export const textOf = (files: SimFiles, path: string): string =>
  decoder.decode(files.contentOf(path) ?? new Uint8Array(0));

/** Lines of the dead letter, parsed. */
export const deadLines = (files: SimFiles): Record<string, unknown>[] =>
  files.paths
    .filter((path) => path.startsWith(QUARANTINE))
    .flatMap((path) => textOf(files, path).split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Of the only stream. */
export async function ledgerOf(files: SimFiles, stream = 'node/syslog/0') {
  const reading = await readSinkLedger(files, LEDGER);
  return reading?.streams.find((found) => found.stream === stream);
}
