// What every enricher must keep.
import assert from 'node:assert/strict';
import type { Enricher } from '../../define/components.js';
import type { Adds, Event, NoAdds } from '../../event/types.js';
import { bytesOf, checkSame, frozenCopy } from './batches.js';
import {
  type FieldInput,
  type Fuzz,
  type FuzzOptions,
  forBatches,
  fuzzOf,
  type OddEvent,
} from './odd-events.js';
import { runAll, type TestRunner } from './runner.js';
import { called, type WatchedRow, WatchedRows } from './watched-row.js';

/** An event as a component behind the parser finds it. */
export interface ExampleEvent {
  /** Default: empty. */
  readonly raw?: string | Uint8Array;
  /** Set before the component sees the event. */
  readonly fields?: Readonly<Record<string, FieldInput>>;
}

export interface EnricherExample extends ExampleEvent {
  /** Values by path afterwards; null: must be absent. */
  readonly expected: Readonly<Record<string, FieldInput | null>>;
  /** Reason for which the event goes to quarantine; without it the event must not. */
  readonly rejected?: string;
}

export interface EnricherConformance<Options = unknown> extends FuzzOptions {
  readonly examples?: readonly EnricherExample[];
  /** Given to `create`; default `{}`. */
  readonly options?: Options;
  /** Paths that components before it add, with their types. */
  readonly needs?: Adds;
}

type Enrich = (event: WatchedRow) => unknown;

/**
 * Tests an enricher, or a function that is one. Each declared path of `adds` must be set by one of
 * the examples, where there are any.
 */
export function testEnricher<
  Added extends Adds = NoAdds,
  Needs = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(
  runner: TestRunner,
  enricher: Enricher<Added, Needs, Options, State> | ((event: Event) => void),
  conformance?: EnricherConformance<NoInfer<Options>>,
): Promise<void>;
export function testEnricher(
  runner: TestRunner,
  enricher: unknown,
  conformance: EnricherConformance<unknown> = {},
): Promise<void> {
  const bench = new Bench(enricher as AnyEnricher, conformance);
  return runAll(runner, [
    ['examples give what they should', () => bench.examples()],
    ['it sets what it declares', () => bench.adds()],
    [`any event (WEIR_SEED=${bench.fuzz.seed})`, () => bench.anyEvent()],
    ['each event gives what it gives alone, in any order', () => bench.apart()],
    ['a second instance gives the same', () => bench.again()],
  ]);
}

type AnyEnricher = Enricher<Adds, never, never, never> | ((event: Event) => void);

class Bench {
  readonly #enricher: AnyEnricher;
  readonly #conformance: EnricherConformance<unknown>;
  readonly #examples: readonly EnricherExample[];
  readonly #samples: readonly OddEvent[];
  /** Null for a function: it has no place to declare anything. */
  readonly #declared: Adds | null;
  readonly #rows: WatchedRows;
  readonly fuzz: Fuzz;

  constructor(enricher: AnyEnricher, conformance: EnricherConformance<unknown>) {
    this.#enricher = enricher;
    this.#conformance = conformance;
    this.#examples = conformance.examples ?? [];
    this.#samples = this.#examples.map(oddEventOf);
    this.#declared = typeof enricher === 'function' ? null : (enricher.adds ?? {});
    this.#rows = new WatchedRows({ ...conformance.needs, ...this.#declared });
    this.fuzz = fuzzOf(conformance);
  }

  async #create(): Promise<Enrich> {
    const enricher = this.#enricher;
    if (typeof enricher === 'function') return (event) => called(() => enricher(event));
    const options = frozenCopy(this.#conformance.options ?? {});
    const state = (await enricher.create?.(options as never)) as never;
    return (event) => called(() => enricher.enrich(event as unknown as Event<never>, state));
  }

  async examples(): Promise<void> {
    const enrich = await this.#create();
    this.#rows.run(this.#samples, (event, row) => {
      const { expected, rejected = null } = this.#examples[row] as EnricherExample;
      enrich(event);
      const found = valuesAt(event, Object.keys(expected));
      const wanted = { fields: { ...expected }, rejected };
      assert.deepStrictEqual(
        { fields: found, rejected: event.rejection },
        wanted,
        `example ${row}`,
      );
    });
  }

  async adds(): Promise<void> {
    const enrich = await this.#create();
    const unseen = new Set(Object.keys(this.#declared ?? {}));
    this.#rows.run(this.#samples, (event) => {
      enrich(event);
      this.#checkDeclared(event);
      for (const path of event.setPaths) unseen.delete(path);
    });
    if (this.#samples.length > 0)
      assert.deepStrictEqual([...unseen], [], 'every declared path is set in one of the examples');
  }

  async anyEvent(): Promise<void> {
    const enrich = await this.#create();
    this.#forBatches((events) => {
      this.#rows.run(events, (event) => {
        enrich(event);
        this.#checkDeclared(event);
      });
    });
  }

  async apart(): Promise<void> {
    const enrich = await this.#create();
    this.#forBatches((events) => {
      const joined = this.#rows.run(events, enrich);
      const apart = events.flatMap((event) => this.#rows.run([event], enrich));
      checkSame(joined, apart, 'each event gives what it gives alone');
      const reversed = this.#rows.run(events.toReversed(), enrich).reverse();
      checkSame(reversed, joined, 'and in reverse order, too');
    });
  }

  async again(): Promise<void> {
    const first = await this.#create();
    const second = await this.#create();
    this.#forBatches((events) => {
      const once = this.#rows.run(events, first);
      checkSame(this.#rows.run(events, first), once, 'the same again');
      checkSame(this.#rows.run(events, second), once, 'a second instance');
    });
  }

  #checkDeclared({ setPaths }: WatchedRow): void {
    if (this.#declared === null) return;
    for (const path of setPaths)
      assert.ok(
        Object.hasOwn(this.#declared, path),
        `it sets ${path}, which its adds do not declare: later steps do not know it`,
      );
  }

  #forBatches(check: (events: readonly OddEvent[]) => void): void {
    forBatches(this.fuzz, this.#samples, this.#conformance.needs ?? {}, check);
  }
}

export const oddEventOf = ({ raw = '', fields = {} }: ExampleEvent): OddEvent => ({
  raw: bytesOf(raw),
  fields: Object.entries(fields),
});

export const valuesAt = (
  event: WatchedRow,
  paths: readonly string[],
): Record<string, FieldInput | null> =>
  Object.fromEntries(paths.map((path) => [path, event.valueAt(path) ?? null]));
