// What every parser must keep, one of Weir's packs as well as someone's own.
import assert from 'node:assert/strict';
import { type EventBatch, type InputFormat, type RawBatch, STATUS } from '../../batch.js';
import type { Parser, ParseVerdict } from '../../component.js';
import type { BytesParser, EventParser } from '../../define/components.js';
import { messageOf } from '../../errors.js';
import { LiveRow } from '../../event/live-row.js';
import type { Adds, Event, NoAdds } from '../../event/types.js';
import { ColumnWriter } from '../../runtime/column-writer.js';
import { FIELDS } from '../../schema/fields.js';
import { markName } from '../../taxonomy.js';
import {
  batchOf,
  bytesOf,
  checkColumns,
  checkRawBytes,
  checkSame,
  described,
  frozenCopy,
} from './batches.js';
import {
  type FieldInput,
  type Fuzz,
  type FuzzOptions,
  forBatches,
  fuzzOf,
  type OddEvent,
} from './odd-events.js';
import { runAll, type TestRunner } from './runner.js';

export interface ParserExample {
  /** What the parser is given: behind the syslog header, where there is one. */
  readonly raw: string | Uint8Array;
  /** Values by path that it must set; null: must not be set. Others may be set, too. */
  readonly fields?: Readonly<Record<string, FieldInput | null>>;
  /** Reason for which the event goes to quarantine; without it the event must not. */
  readonly rejected?: string;
  /** The parser must say that the event is not its own. */
  readonly isForeign?: boolean;
}

export interface ParserConformance<Options = unknown> extends FuzzOptions {
  readonly examples?: readonly ParserExample[];
  /** Given to `create`; default `{}`. */
  readonly options?: Options;
  /** How the events come in; default `syslog`. */
  readonly format?: InputFormat;
}

type AnyParser =
  | EventParser<Adds, never, never>
  | BytesParser<Adds, never, never>
  | (Parser & { readonly kind?: never });
type Run = (batch: RawBatch, row: number, start: number, end: number, rows: Rows) => unknown;
interface Rows {
  readonly writer: ColumnWriter;
  readonly event: LiveRow;
}
interface Parsed {
  readonly events: EventBatch;
  readonly verdicts: readonly ParseVerdict[];
}

const VERDICTS: readonly unknown[] = ['parsed', 'partial', 'failed', 'no'];
const STATUS_OF = {
  parsed: STATUS.parsed,
  partial: STATUS.partial,
  failed: STATUS.unparsed,
  no: STATUS.unparsed,
} as const;

/**
 * Tests a parser made by `defineParser`, or one with the contract of Weir's packs. Its examples are
 * also what the random events are made from, so give some of each kind that it reads.
 */
export function testParser<
  Added extends Adds = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(
  runner: TestRunner,
  parser: EventParser<Added, Options, State> | BytesParser<Added, Options, State>,
  conformance?: ParserConformance<NoInfer<Options>>,
): Promise<void>;
export function testParser(
  runner: TestRunner,
  parser: Parser,
  conformance?: ParserConformance,
): Promise<void>;
export function testParser(
  runner: TestRunner,
  parser: unknown,
  conformance: ParserConformance<unknown> = {},
): Promise<void> {
  const bench = new Bench(parser as AnyParser, conformance);
  return runAll(runner, [
    ['examples give what they should', () => bench.examples()],
    [`any bytes (WEIR_SEED=${bench.fuzz.seed})`, () => bench.anyBytes()],
    ['parse(A + B) = parse(A) + parse(B), in any order', () => bench.apart()],
    ['a used writer and a second instance give the same', () => bench.again()],
    ['what is not its own is left untouched', () => bench.untouched()],
    ['bytes before and behind the text change nothing', () => bench.surroundings()],
  ]);
}

class Bench {
  readonly #parser: AnyParser;
  readonly #conformance: ParserConformance<unknown>;
  readonly #examples: readonly ParserExample[];
  readonly #samples: readonly OddEvent[];
  /** One writer for what is not about writers: a new one costs more than most parsers. */
  readonly #shared: Rows;
  readonly fuzz: Fuzz;

  constructor(parser: AnyParser, conformance: ParserConformance<unknown>) {
    this.#parser = parser;
    this.#conformance = conformance;
    this.#examples = conformance.examples ?? [];
    this.#samples = this.#examples.map(({ raw }) => ({ raw: bytesOf(raw), fields: [] }));
    this.#shared = this.#rows();
    this.fuzz = fuzzOf(conformance);
  }

  /** The parser as the worker makes it: `create` is called once, with options of its own. */
  async #create(): Promise<Run> {
    const parser = this.#parser;
    const options = frozenCopy(this.#conformance.options ?? {});
    if (parser.kind === undefined)
      return (batch, row, start, end, { writer }) => parser.parse(batch, row, start, end, writer);
    const state = (await parser.create?.(options as never)) as never;
    if (parser.kind === 'bytes_parser')
      return (batch, row, start, end, { writer }) =>
        parser.parseBytes(batch, row, start, end, writer, state);
    return (_batch, row, start, _end, { event }) => {
      const isMine: unknown = parser.parse(event.move(row, start) as unknown as Event<Adds>, state);
      const isVerdict = isMine === undefined || typeof isMine === 'boolean';
      assert.ok(isVerdict, `parse returns true, false or nothing; got ${typeof isMine}`);
      return isMine === false ? 'no' : 'parsed';
    };
  }

  #rows(): Rows {
    const writer = new ColumnWriter();
    const { adds = {} } = this.#parser as { readonly adds?: Adds };
    return { writer, event: new LiveRow(writer, adds) };
  }

  #batch(events: readonly (OddEvent | Uint8Array)[]): RawBatch {
    const list = events.map((event) => (event instanceof Uint8Array ? event : event.raw));
    return batchOf(list, this.#conformance.format);
  }

  /** `skipped`: bytes in front of each event that do not belong to its text. */
  #parse(run: Run, batch: RawBatch, rows: Rows, skipped = 0, onRow?: OnRow): Parsed {
    const { name } = this.#parser;
    const { version = '0' } = this.#parser;
    const { writer, event } = rows;
    writer.begin(batch, [{ name, version }]);
    event.begin(batch);
    const verdicts: ParseVerdict[] = [];
    for (let row = 0; row < batch.eventCount; row++) {
      writer.openRow(row);
      const start = (batch.offsets[row] as number) + skipped;
      const verdict = runRow(run, batch, row, start, rows);
      onRow?.(row, verdict);
      if (verdict === 'no') writer.rollbackRow(row);
      writer.setStatus(row, STATUS_OF[verdict]);
      verdicts.push(verdict);
    }
    return { events: writer.finish(), verdicts };
  }

  async examples(): Promise<void> {
    const run = await this.#create();
    const rows = this.#rows();
    for (const [index, example] of this.#examples.entries()) {
      const batch = this.#batch([bytesOf(example.raw)]);
      this.#parse(run, batch, rows, 0, (row, verdict) => {
        const wanted = wantedOf(example);
        rows.event.move(row);
        const paths = Object.keys(example.fields ?? {});
        const fields = paths.map((path) => [path, rows.event.valueAt(path) ?? null] as const);
        const code = rows.writer.rejectedAs(row);
        const found: Wanted = {
          isForeign: verdict === 'no',
          rejected: code === 0 ? null : markName(code),
          fields: Object.fromEntries(fields),
        };
        assert.deepStrictEqual(found, wanted, `example ${index}`);
      });
    }
  }

  async anyBytes(): Promise<void> {
    const run = await this.#create();
    const rows = this.#rows();
    this.#forBatches((list) => {
      const batch = this.#batch(list);
      const before = batch.bytes.slice();
      const { events, verdicts } = this.#parse(run, batch, rows);
      checkRawBytes(batch, before);
      assert.equal(verdicts.length, list.length, 'rows in = rows out');
      checkColumns(events);
      described(events);
    });
  }

  async apart(): Promise<void> {
    const run = await this.#create();
    this.#forBatches((list) => {
      const joined = this.#described(run, list);
      const apart = list.flatMap((event) => this.#described(run, [event]));
      checkSame(joined, apart, 'each event gives what it gives alone');
      const reversed = this.#described(run, list.toReversed()).reverse();
      checkSame(reversed, joined, 'and in reverse order, too');
    });
  }

  #described(run: Run, list: readonly OddEvent[], rows: Rows = this.#shared): string[] {
    return described(this.#parse(run, this.#batch(list), rows).events);
  }

  async again(): Promise<void> {
    const first = await this.#create();
    const second = await this.#create();
    const used = this.#rows();
    this.#forBatches(
      (list) => {
        const once = this.#described(first, list, used);
        checkSame(this.#described(first, list, used), once, 'the same again');
        checkSame(this.#described(second, list, used), once, 'a second instance');
        checkSame(this.#described(first, list, this.#rows()), once, 'a new writer');
      },
      // A new writer clears several megabytes.
      0.05,
    );
  }

  async untouched(): Promise<void> {
    const run = await this.#create();
    const rows = this.#rows();
    this.#forBatches((list) => {
      this.#parse(run, this.#batch(list), rows, 0, (row, verdict) => {
        if (verdict === 'no') checkNothingWritten(rows.writer, row);
      });
    });
  }

  async surroundings(): Promise<void> {
    // Someone's own parser on events may ask for the whole event, header included.
    if (this.#parser.kind === 'parser') return;
    const run = await this.#create();
    const header = bytesOf('<13>Mar  1 12:00:00 host {"a=1 ');
    const rows = this.#rows();
    this.#forBatches((list) => {
      const bare = fieldsOf(this.#parse(run, this.#batch(list), rows));
      const headed = list.map(({ raw }) => Uint8Array.from([...header, ...raw]));
      const { events, verdicts } = this.#parse(run, this.#batch(headed), rows, header.length);
      checkColumns(events);
      checkSame(fieldsOf({ events, verdicts }), bare, 'the header is not looked at');
    });
  }

  #forBatches(check: (events: readonly OddEvent[]) => void, share = 1): void {
    const { seed, runs } = this.fuzz;
    forBatches({ seed, runs: Math.ceil(runs * share) }, this.#samples, null, check);
  }
}

type OnRow = (row: number, verdict: ParseVerdict) => void;

interface Wanted {
  readonly isForeign: boolean;
  readonly rejected: string | null;
  readonly fields: Readonly<Record<string, FieldInput | null>>;
}

const wantedOf = (example: ParserExample): Wanted => ({
  isForeign: example.isForeign ?? false,
  rejected: example.rejected ?? null,
  fields: { ...example.fields },
});

function runRow(run: Run, batch: RawBatch, row: number, start: number, rows: Rows): ParseVerdict {
  const end = batch.offsets[row + 1] as number;
  let verdict: unknown;
  try {
    verdict = run(batch, row, start, end, rows);
  } catch (error) {
    assert.fail(`it threw: ${messageOf(error)}`);
  }
  assert.ok(VERDICTS.includes(verdict), `the verdict is one of ${VERDICTS.join(', ')}`);
  return verdict as ParseVerdict;
}

function checkNothingWritten(writer: ColumnWriter, row: number): void {
  for (const [field, { path }] of FIELDS.entries())
    assert.ok(!writer.has(row, field), `it is not its own, and yet ${path} is set`);
  assert.equal(writer.unmappedIndex, writer.rowUnmappedIndex, 'no key is kept');
  assert.deepStrictEqual(writer.marksOfRow(row), [], 'nothing is marked');
  assert.equal(writer.rejectedAs(row), 0, 'it is not rejected');
}

/** Descriptions without the raw bytes. */
function fieldsOf({ events, verdicts }: Parsed): string[] {
  return described(events).map((text, row) => {
    const [event] = JSON.parse(text) as [Record<string, unknown>];
    const { raw_data, raw_data_base64, offset, ...rest } = event;
    void [raw_data, raw_data_base64, offset];
    return JSON.stringify([rest, verdicts[row]]);
  });
}
