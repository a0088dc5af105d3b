// Events as no device should send them, from a seed, and the search for the smallest that fails.
import { AssertionError } from 'node:assert/strict';
import { Buffer, isUtf8 } from 'node:buffer';
import { messageOf } from '../../errors.js';
import type { Adds } from '../../event/types.js';
import { FIELDS } from '../../schema/fields.js';
import { numberProblem } from '../../schema/ranges.js';
import { SimRandom, testSeed } from '../sim-random.js';

export type FieldInput = string | number | boolean;

/** An event and what stands in its fields before the component sees it. */
export interface OddEvent {
  readonly raw: Uint8Array;
  readonly fields: readonly (readonly [path: string, value: FieldInput])[];
}

export interface FuzzOptions {
  /** Default: WEIR_SEED of the environment, else a constant, so that a run can be repeated. */
  readonly seed?: number;
  /** Random batches for each property; default 200. WEIR_LONG=1 makes them fifty times as many. */
  readonly runs?: number;
}

const RUNS_DEFAULT = 200;
const SEED_DEFAULT = 20_260_301;
const BATCH_EVENTS_MAX = 8;
const SHRINK_ATTEMPTS_MAX = 400;
const NOISE_BYTES_MAX = 200;
/** Long enough to show a pattern that takes time by the square of its input. */
const LONG_BYTES_MAX = 20_000;

const encoder = new TextEncoder();
/** Bytes that parsers decide on come more often than others. */
const TELLING = [
  ...encoder.encode('<>[]{}"\'\\=:, |;-.%*01 9TZ'),
  ...[0, 0x0a, 0x0d, 0x80, 0xc3, 0xff],
];
const TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  'true',
  '192.0.2.10',
  '2001:db8::1',
  'localhost',
  '__proto__',
  'constructor',
  '\u0000',
  '\u00e4\u{1f600}',
  '2026-03-01T12:00:00Z',
  'x'.repeat(300),
];
const NUMBERS = [0, 1, 2, 5, 22, 443, 65_535, 4_294_967_295, -1, 0.5, Number.MAX_SAFE_INTEGER];

export class OddEvents {
  readonly random: SimRandom;
  readonly #samples: readonly OddEvent[];
  /** Paths without a column that components before this one may have set. */
  readonly #needs: readonly (readonly [string, string])[];
  readonly #withFields: boolean;

  constructor(seed: number, samples: readonly OddEvent[], needs: Adds | null) {
    this.random = new SimRandom(seed);
    this.#samples = samples;
    this.#withFields = needs !== null;
    this.#needs = Object.entries(needs ?? {});
  }

  batch(): OddEvent[] {
    const count = 1 + this.random.below(BATCH_EVENTS_MAX);
    return Array.from({ length: count }, () => this.event());
  }

  event(): OddEvent {
    const { random } = this;
    const isKnown = this.#samples.length > 0 && random.chance(0.6);
    const sample = isKnown ? random.pick(this.#samples) : { raw: this.#noise(), fields: [] };
    const raw = isKnown && random.chance(0.7) ? this.#mutated(sample.raw) : sample.raw;
    if (!this.#withFields) return { raw, fields: [] };
    const kept = sample.fields.filter(() => random.chance(0.8));
    return { raw, fields: [...kept, ...this.#oddFields(sample.fields)] };
  }

  #oddFields(around: OddEvent['fields']): [string, FieldInput][] {
    const { random } = this;
    const count = random.below(6);
    return Array.from({ length: count }, (): [string, FieldInput] => {
      // The fields that the examples speak of are those that the component looks at.
      if (around.length > 0 && random.chance(0.4)) {
        const [path] = random.pick(around);
        return [path, this.#valueAt(path)];
      }
      if (this.#needs.length > 0 && random.chance(0.4)) {
        const [path, type] = random.pick(this.#needs);
        return [path, this.#ofType(type)];
      }
      if (random.chance(0.2)) return [`odd.${random.pick(TEXTS)}`, random.pick(TEXTS)];
      const { path } = random.pick(FIELDS);
      return [path, this.#valueAt(path)];
    });
  }

  #valueAt(path: string): FieldInput {
    const field = FIELDS.findIndex((spec) => spec.path === path);
    if (field < 0) {
      const need = this.#needs.find(([name]) => name === path);
      return this.#ofType(need?.[1] ?? 'string');
    }
    if (FIELDS[field]?.kind !== 'number') return this.random.pick(TEXTS);
    return this.random.pick(NUMBERS.filter((value) => numberProblem(field, value) === null));
  }

  #ofType(type: string): FieldInput {
    if (type === 'boolean') return this.random.chance(0.5);
    return type === 'number' ? this.random.pick(NUMBERS) : this.random.pick(TEXTS);
  }

  #noise(): Uint8Array {
    const { random } = this;
    if (random.chance(0.03)) {
      const unit = this.#bytes(1 + random.below(4));
      const length = random.below(LONG_BYTES_MAX);
      return Uint8Array.from({ length }, (_, index) => unit[index % unit.length] as number);
    }
    return this.#bytes(random.below(NOISE_BYTES_MAX));
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#byte());
  }

  #byte(): number {
    return this.random.chance(0.7) ? this.random.pick(TELLING) : this.random.below(256);
  }

  #mutated(sample: Uint8Array): Uint8Array {
    const { random } = this;
    let bytes = [...sample];
    for (let left = random.below(5); left > 0; left--) {
      const at = random.below(bytes.length + 1);
      const kind = random.below(5);
      if (kind === 0 && at < bytes.length) bytes[at] = this.#byte();
      else if (kind === 1) bytes.splice(at, 0, this.#byte());
      else if (kind === 2) bytes.splice(at, 1 + random.below(8));
      else if (kind === 3) bytes = bytes.slice(0, at);
      else bytes = bytes.concat(bytes.slice(at)).slice(0, LONG_BYTES_MAX);
    }
    return Uint8Array.from(bytes);
  }
}

export type Fuzz = Required<FuzzOptions>;

/** The seed and the number of batches of a test. */
export function fuzzOf({ seed, runs }: FuzzOptions): Fuzz {
  const factor = process.env.WEIR_LONG === '1' ? 50 : 1;
  return { seed: seed ?? testSeed(SEED_DEFAULT), runs: (runs ?? RUNS_DEFAULT) * factor };
}

/**
 * Checks many batches. The error of one that fails holds the smallest batch that was found to fail,
 * and the seed that gives the same batches again.
 */
export function forBatches(
  { seed, runs }: Fuzz,
  samples: readonly OddEvent[],
  needs: Adds | null,
  check: (events: readonly OddEvent[]) => void,
): void {
  const events = new OddEvents(seed, samples, needs);
  for (let run = 0; run < runs; run++) {
    const batch = events.batch();
    const failure = failureOf(check, batch);
    if (failure === null) continue;
    const smallest = shrunk(check, batch, failure);
    const message = [
      messageOf(smallest.error),
      `with ${shownOf(smallest.batch)}`,
      `WEIR_SEED=${seed} gives the same events again`,
    ].join('\n');
    throw new AssertionError({ message });
  }
}

interface Failure {
  readonly thrown: unknown;
}
type Check = (events: readonly OddEvent[]) => void;

function failureOf(check: Check, batch: readonly OddEvent[]): Failure | null {
  try {
    check(batch);
    return null;
  } catch (thrown) {
    return { thrown };
  }
}

function shrunk(check: Check, batch: readonly OddEvent[], failure: Failure) {
  let smallest = batch;
  let error = failure.thrown;
  let attempts = SHRINK_ATTEMPTS_MAX;
  let isSmaller = true;
  while (isSmaller && attempts > 0) {
    isSmaller = false;
    for (const smaller of smallerThan(smallest)) {
      if (attempts-- <= 0) break;
      const again = failureOf(check, smaller);
      if (again === null) continue;
      smallest = smaller;
      error = again.thrown;
      isSmaller = true;
      break;
    }
  }
  return { batch: smallest, error };
}

function* smallerThan(batch: readonly OddEvent[]): Generator<OddEvent[]> {
  for (let at = 0; at < batch.length && batch.length > 1; at++) yield batch.toSpliced(at, 1);
  for (const [at, { raw, fields }] of batch.entries()) {
    for (let field = 0; field < fields.length; field++)
      yield batch.with(at, { raw, fields: fields.toSpliced(field, 1) });
    for (let size = Math.ceil(raw.length / 2); size > 0; size = Math.floor(size / 2)) {
      for (let start = 0; start < raw.length; start += size) {
        const shorter = Uint8Array.from([...raw.subarray(0, start), ...raw.subarray(start + size)]);
        yield batch.with(at, { raw: shorter, fields });
      }
    }
  }
}

function shownOf(batch: readonly OddEvent[]): string {
  const shown = batch.map(({ raw, fields }) => ({
    raw: isUtf8(raw)
      ? Buffer.from(raw).toString('utf8')
      : `base64 ${Buffer.from(raw).toString('base64')}`,
    ...(fields.length > 0 ? { fields: Object.fromEntries(fields) } : {}),
  }));
  return JSON.stringify(shown.length === 1 ? shown[0] : shown);
}
