// State and receipt documents, as the second verifier reads them.
import { refuse } from './second-refusal.js';

export interface StateStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  lastSeq: number;
  refused: Map<string, number>;
  lost: Map<string, Set<number>>;
  /** Null for an own stream. */
  received: Set<number> | null;
}
export interface OutcomeStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly kinds: readonly (readonly [kind: string, numbers: ReadonlySet<number>])[];
  readonly settled: ReadonlySet<number> | null;
  readonly counts: number[];
}
export interface Document {
  readonly epoch: string;
  readonly whole: boolean;
  readonly streams: StateStream[];
}
export interface Receipt {
  readonly sink: string;
  readonly fold: boolean;
  readonly fresh: boolean;
  readonly streams: OutcomeStream[];
}

/** No test has so many numbers in one set. */
const NUMBERS_MAX = 3_000_000;

export const streamId = (id: { tenant: string; stream: string; epoch: string }): string =>
  JSON.stringify([id.tenant, id.stream, id.epoch]);

type Json = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : refuse('no text'));
const flag = (value: unknown): boolean => (typeof value === 'boolean' ? value : refuse('no flag'));
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : refuse('no list'));
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse('no count');
const only = (value: unknown, members: string): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('object');
  if (!new RegExp(`^${members}$`).test(Object.keys(value).join(' '))) refuse('members');
  return value as Json;
};
function epochOf(value: unknown): string {
  const epoch = text(value);
  if (!/^\d+$/.test(epoch) || String(BigInt(epoch)) !== epoch || BigInt(epoch) >> 64n > 0n)
    refuse('epoch');
  return epoch;
}
function numbers(value: unknown): Set<number> {
  const found = new Set<number>();
  let highest = -2;
  for (const item of list(value)) {
    const [first, last, ...rest] = list(item).map(count) as [number, number];
    if (last === undefined || rest.length > 0 || last < first || first <= highest + 1)
      refuse('ranges');
    if (last - first + found.size > NUMBERS_MAX) refuse('more numbers than a test has');
    for (let seq = first; seq <= last; seq++) found.add(seq);
    highest = last;
  }
  return found;
}
function table<T>(value: unknown, read: (value: unknown) => T): Map<string, T> {
  const found = new Map<string, T>();
  let before: Buffer | null = null;
  for (const item of list(value)) {
    const pair = list(item);
    const name = Buffer.from(text(pair[0]), 'utf8');
    if (pair.length !== 2 || (before !== null && Buffer.compare(before, name) >= 0))
      refuse('causes out of order');
    before = name;
    found.set(text(pair[0]), read(pair[1]));
  }
  return found;
}

function stateStream(value: unknown): StateStream {
  const found = only(value, 'tenant stream epoch lastSeq refused lost( received)?');
  return {
    tenant: text(found.tenant),
    stream: text(found.stream),
    epoch: epochOf(found.epoch),
    lastSeq: found.lastSeq === -1 ? -1 : count(found.lastSeq),
    refused: table(found.refused, count),
    lost: table(found.lost, numbers),
    received: found.received === undefined ? null : numbers(found.received),
  };
}

function outcomeStream(value: unknown): OutcomeStream {
  const members =
    'tenant stream epoch stored quarantined filtered lost( settled counts)?( before)?';
  const found = only(value, members);
  const kinds = ['stored', 'quarantined', 'filtered', 'lost', 'before'].map(
    (kind) => [kind, numbers(found[kind] ?? [])] as const,
  );
  const settled = found.settled === undefined ? null : numbers(found.settled);
  const counts = list(found.counts ?? [0, 0, 0]).map(count);
  const sum = counts.reduce((total, n) => total + n, 0);
  if (counts.length !== 3 || sum !== (settled?.size ?? 0)) refuse('counts of what is settled');
  const id = { tenant: text(found.tenant), stream: text(found.stream) };
  return { ...id, epoch: epochOf(found.epoch), kinds, settled, counts };
}

const compare = (one: StateStream, other: StateStream): number =>
  Buffer.compare(Buffer.from(one.tenant), Buffer.from(other.tenant)) ||
  Buffer.compare(Buffer.from(one.stream), Buffer.from(other.stream)) ||
  (BigInt(one.epoch) === BigInt(other.epoch)
    ? 0
    : BigInt(one.epoch) < BigInt(other.epoch)
      ? -1
      : 1);

export function readDocument(json: string, kind: 'state'): Document;
export function readDocument(json: string, kind: 'receipt'): Receipt;
export function readDocument(json: string, kind: 'state' | 'receipt'): Document | Receipt {
  const value: unknown = JSON.parse(json);
  if (JSON.stringify(value) !== json) refuse('spelling of a document');
  if (kind === 'receipt') {
    const { sink, intent, fold, fresh, streams } = only(value, 'sink intent fold( fresh)? streams');
    count(intent);
    if (fresh !== undefined && fresh !== true) refuse('fresh');
    const read = list(streams).map(outcomeStream);
    return { sink: text(sink), fold: flag(fold), fresh: fresh === true, streams: read };
  }
  const { epoch, whole, streams } = only(value, 'epoch whole streams');
  const read = list(streams).map(stateStream);
  for (const [i, stream] of read.entries()) {
    const before = read[i - 1];
    if (before !== undefined && compare(before, stream) >= 0) refuse('streams out of order');
  }
  return { epoch: epochOf(epoch), whole: flag(whole), streams: read };
}
