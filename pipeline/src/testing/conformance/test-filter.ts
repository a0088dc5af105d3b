// What every filter and every output of a route must keep: a clear yes or no, and hands off.
import assert from 'node:assert/strict';
import { compileCondition } from '../../condition/condition.js';
import type { Filter } from '../../define/components.js';
import type { Adds, NoAdds, ReadEvent } from '../../event/types.js';
import { OTHERWISE } from '../../plan/document.js';
import { frozenCopy } from './batches.js';
import { type Fuzz, type FuzzOptions, forBatches, fuzzOf, type OddEvent } from './odd-events.js';
import { runAll, type TestRunner } from './runner.js';
import { type ExampleEvent, oddEventOf } from './test-enricher.js';
import { called, type WatchedRow, WatchedRows } from './watched-row.js';

export interface FilterExample extends ExampleEvent {
  readonly isKept: boolean;
}

export interface FilterConformance<Options = unknown> extends FuzzOptions {
  readonly examples?: readonly FilterExample[];
  /** Given to `create`; default `{}`. */
  readonly options?: Options;
  /** Paths that components before it add, with their types. */
  readonly needs?: Adds;
}

export interface RouteExample extends ExampleEvent {
  /** The output that it leaves by; `otherwise` when no condition holds. */
  readonly output: string;
}

export interface RouteConformance extends FuzzOptions {
  readonly examples?: readonly RouteExample[];
  readonly needs?: Adds;
}

type AnyFilter = string | ((event: ReadEvent) => boolean) | Filter<never, never, never>;
type Decide = (event: WatchedRow) => string | boolean;

/** Tests a filter: made by `defineFilter`, a function, or a condition in CEL. */
export function testFilter<
  Needs = NoAdds,
  Options = Readonly<Record<string, unknown>>,
  State = undefined,
>(
  runner: TestRunner,
  filter: string | Filter<Needs, Options, State> | ((event: ReadEvent) => boolean),
  conformance?: FilterConformance<NoInfer<Options>>,
): Promise<void>;
export function testFilter(
  runner: TestRunner,
  filter: unknown,
  conformance: FilterConformance<unknown> = {},
): Promise<void> {
  const { needs = {}, examples = [], options } = conformance;
  const create = () => createFilter(filter as AnyFilter, needs, options);
  const wanted = examples.map((example) => ({ example, decision: example.isKept }));
  return runDecisions(runner, create, wanted, needs, conformance);
}

/** Tests a route: its conditions, in CEL or as functions, by output and in order. */
export function testRoute(
  runner: TestRunner,
  routes: Readonly<Record<string, string | ((event: ReadEvent<never>) => boolean)>>,
  conformance: RouteConformance = {},
): Promise<void> {
  const { needs = {}, examples = [] } = conformance;
  const create = async (): Promise<Decide> => {
    const outputs = Object.entries(routes as Readonly<Record<string, AnyFilter>>);
    const made: (readonly [string, Decide])[] = [];
    for (const [output, condition] of outputs)
      made.push([output, await createFilter(condition, needs, undefined)]);
    // All are asked: each must stand any event, whichever comes before it.
    return (event) => {
      const decided = made.map(([output, holds]) => [output, holds(event)] as const);
      return decided.find(([, holds]) => holds)?.[0] ?? OTHERWISE;
    };
  };
  const wanted = examples.map((example) => ({ example, decision: example.output }));
  return runDecisions(runner, create, wanted, needs, conformance);
}

async function createFilter(filter: AnyFilter, needs: Adds, options: unknown): Promise<Decide> {
  if (typeof filter === 'string') return compileCondition(filter, { adds: needs });
  if (typeof filter === 'function') return decider((event) => filter(event));
  const state = (await filter.create?.(frozenCopy(options ?? {}) as never)) as never;
  return decider((event) => filter.keep(event as unknown as ReadEvent<never>, state));
}

const decider =
  (decide: (event: WatchedRow) => unknown): Decide =>
  (event) => {
    const decision = called(() => decide(event));
    if (typeof decision !== 'boolean')
      assert.fail(`it returns true or false; got ${typeof decision}`);
    assert.equal(event.changeCount, 0, 'it does not change the event');
    return decision;
  };

interface WantedDecision {
  readonly example: ExampleEvent;
  readonly decision: string | boolean;
}

function runDecisions(
  runner: TestRunner,
  create: () => Promise<Decide>,
  wanted: readonly WantedDecision[],
  needs: Adds,
  options: FuzzOptions,
): Promise<void> {
  const bench = new Bench(create, wanted, needs, fuzzOf(options));
  return runAll(runner, [
    ['examples are decided as they should', () => bench.examples()],
    [`any event (WEIR_SEED=${bench.fuzz.seed})`, () => bench.anyEvent()],
    ['each event is decided by itself, in any order', () => bench.apart()],
    ['a second instance decides the same', () => bench.again()],
  ]);
}

class Bench {
  readonly #create: () => Promise<Decide>;
  readonly #wanted: readonly WantedDecision[];
  readonly #samples: readonly OddEvent[];
  readonly #needs: Adds;
  readonly #rows: WatchedRows;
  readonly fuzz: Fuzz;

  constructor(
    create: () => Promise<Decide>,
    wanted: readonly WantedDecision[],
    needs: Adds,
    fuzz: Fuzz,
  ) {
    this.#create = create;
    this.#wanted = wanted;
    this.#samples = wanted.map(({ example }) => oddEventOf(example));
    this.#needs = needs;
    this.#rows = new WatchedRows(needs);
    this.fuzz = fuzz;
  }

  #decisions(decide: Decide, events: readonly OddEvent[]): (string | boolean)[] {
    const decisions: (string | boolean)[] = [];
    this.#rows.run(events, (event) => {
      const before = JSON.stringify(event.toOcsf());
      decisions.push(decide(event));
      assert.equal(JSON.stringify(event.toOcsf()), before, 'the event is as it was');
    });
    return decisions;
  }

  async examples(): Promise<void> {
    const wanted = this.#wanted.map(({ decision }) => decision);
    const decide = await this.#create();
    assert.deepStrictEqual(this.#decisions(decide, this.#samples), wanted, 'example by example');
  }

  async anyEvent(): Promise<void> {
    const decide = await this.#create();
    this.#forBatches((events) => {
      assert.equal(this.#decisions(decide, events).length, events.length, 'one decision an event');
    });
  }

  async apart(): Promise<void> {
    const decide = await this.#create();
    this.#forBatches((events) => {
      const joined = this.#decisions(decide, events);
      const apart = events.flatMap((event) => this.#decisions(decide, [event]));
      assert.deepStrictEqual(joined, apart, 'each event is decided as it is alone');
      const reversed = this.#decisions(decide, events.toReversed()).reverse();
      assert.deepStrictEqual(reversed, joined, 'and in reverse order, too');
    });
  }

  async again(): Promise<void> {
    const first = await this.#create();
    const second = await this.#create();
    this.#forBatches((events) => {
      const once = this.#decisions(first, events);
      assert.deepStrictEqual(this.#decisions(first, events), once, 'the same again');
      assert.deepStrictEqual(this.#decisions(second, events), once, 'a second instance');
    });
  }

  #forBatches(check: (events: readonly OddEvent[]) => void): void {
    forBatches(this.fuzz, this.#samples, this.#needs, check);
  }
}
