// What the frames of a tree say of numbers, and the document that a checkpoint signs of it.
// EVIDENCE.md "Checkpoints".
import { nodeOfStream, type StreamEpoch, streamKey } from '../layout.js';
import { type NumberRange, RangeSet } from '../range-set.js';
import type { HeadNumbers } from './head-numbers.js';

/** A stream in a state document, members in the order of the document. */
export interface StateStream {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal. */
  readonly epoch: string;
  readonly lastSeq: number;
  readonly refused: readonly (readonly [cause: string, count: number])[];
  readonly lost: readonly (readonly [cause: string, ranges: readonly NumberRange[]])[];
  readonly received?: readonly NumberRange[];
}
export interface StateDocument {
  /** Own epoch of the process that signed it; decimal. */
  readonly epoch: string;
  /** All streams that the tree ever saw. */
  readonly whole: boolean;
  readonly streams: readonly StateStream[];
}

interface StreamState {
  readonly id: StreamEpoch;
  lastSeq: number;
  readonly refused: Map<string, number>;
  readonly lost: Map<string, RangeSet>;
  /** Null for an own stream. */
  readonly received: RangeSet | null;
  /** Had a frame since the last whole document. */
  isFresh: boolean;
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export class TreeState {
  readonly #nodeId: string;
  readonly #streams = new Map<string, StreamState>();
  /** By tenant, stream, epoch; null when one was added since. */
  #sorted: StreamState[] | null = null;

  /** `nodeId`: streams whose name begins with that of another node are kept as ranges. */
  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Takes a frame into account. */
  note(numbers: HeadNumbers): void {
    const { seqFirst, eventCount } = numbers;
    const state = this.#stateOf(numbers);
    state.isFresh = true;
    if (eventCount > 0) {
      const last = seqFirst + eventCount - 1;
      if (last > state.lastSeq) state.lastSeq = last;
      state.received?.add(seqFirst, last);
    }
    for (const disposition of numbers.dispositions) {
      const { kind, cause } = disposition;
      if (kind === 'refused') {
        const count = Math.max(state.refused.get(cause) ?? 0, disposition.eventCount);
        state.refused.set(cause, count);
        continue;
      }
      const lost = kind === 'lost' ? rangesFor(state.lost, cause) : null;
      for (const [first, last] of disposition.seqRanges) {
        if (last > state.lastSeq) state.lastSeq = last;
        state.received?.add(first, last);
        lost?.add(first, last);
      }
    }
  }

  /** What an earlier document says replaces what is known of its streams. */
  load(document: StateDocument): void {
    for (const { tenant, stream, epoch, lastSeq, refused, lost, received } of document.streams) {
      const state = this.#stateOf({ tenant, stream, epoch: BigInt(epoch) });
      state.lastSeq = Math.max(state.lastSeq, lastSeq);
      state.isFresh = true;
      for (const [cause, count] of refused)
        state.refused.set(cause, Math.max(state.refused.get(cause) ?? 0, count));
      for (const [cause, ranges] of lost) {
        const known = rangesFor(state.lost, cause);
        for (const [first, last] of ranges) known.add(first, last);
      }
      for (const [first, last] of received ?? []) state.received?.add(first, last);
    }
  }

  /** `epoch` is that of this process. Changes nothing: tell `wholeWritten` when it is durable. */
  document(epoch: bigint, whole: boolean): string {
    this.#sorted ??= [...this.#streams.values()].sort(byName);
    const streams: StateStream[] = [];
    for (const state of this.#sorted) if (whole || state.isFresh) streams.push(streamOf(state));
    const document: StateDocument = { epoch: epoch.toString(), whole, streams };
    return JSON.stringify(document);
  }

  /** From here on a document that is not whole names streams that have a frame after this. */
  wholeWritten(): void {
    for (const state of this.#streams.values()) state.isFresh = false;
  }

  #stateOf(id: StreamEpoch): StreamState {
    const key = streamKey(id);
    let state = this.#streams.get(key);
    if (state === undefined) {
      const { tenant, stream, epoch } = id;
      const node = nodeOfStream(stream);
      state = {
        id: { tenant, stream, epoch },
        lastSeq: -1,
        refused: new Map(),
        lost: new Map(),
        received: node !== null && node !== this.#nodeId ? new RangeSet() : null,
        isFresh: false,
      };
      this.#streams.set(key, state);
      this.#sorted = null;
    }
    return state;
  }
}

function rangesFor(byCause: Map<string, RangeSet>, cause: string): RangeSet {
  let ranges = byCause.get(cause);
  if (ranges === undefined) {
    ranges = new RangeSet();
    byCause.set(cause, ranges);
  }
  return ranges;
}

function byName({ id: a }: StreamState, { id: b }: StreamState): number {
  const order = bytewise(a.tenant, b.tenant) || bytewise(a.stream, b.stream);
  if (order !== 0) return order;
  return a.epoch < b.epoch ? -1 : a.epoch > b.epoch ? 1 : 0;
}

function streamOf({ id, lastSeq, refused, lost, received }: StreamState): StateStream {
  const byCause = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    bytewise(a, b);
  const document = {
    tenant: id.tenant,
    stream: id.stream,
    epoch: id.epoch.toString(),
    lastSeq,
    refused: [...refused].sort(byCause),
    lost: [...lost].sort(byCause).map(([cause, set]) => [cause, set.ranges] as const),
  };
  return received === null ? document : { ...document, received: received.ranges };
}

/** Null if it is not what `document` writes, byte for byte. */
export function parseStateDocument(text: string): StateDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isDocument(value)) return null;
    return JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
}

function isDocument(value: unknown): value is StateDocument {
  if (!isObject(value)) return false;
  const { epoch, whole, streams } = value;
  return isDecimal(epoch) && typeof whole === 'boolean' && Array.isArray(streams)
    ? streams.every(isStream)
    : false;
}

function isStream(value: unknown): value is StateStream {
  if (!isObject(value)) return false;
  const { tenant, stream, epoch, lastSeq, refused, lost, received } = value;
  return (
    typeof tenant === 'string' &&
    typeof stream === 'string' &&
    isDecimal(epoch) &&
    (isNumber(lastSeq) || lastSeq === -1) &&
    isPairs(refused, isNumber) &&
    isPairs(lost, isRanges) &&
    (received === undefined || isRanges(received))
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isDecimal = (value: unknown): value is string =>
  typeof value === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(value);
const isPairs = (value: unknown, isSecond: (second: unknown) => boolean): boolean =>
  Array.isArray(value) &&
  value.every(
    (pair) =>
      Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && isSecond(pair[1]),
  );

function isRanges(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  let next = 0;
  for (const range of value) {
    if (!Array.isArray(range) || range.length !== 2 || !range.every(isNumber)) return false;
    if (range[0] < next || range[1] < range[0]) return false;
    next = range[1] + 2;
  }
  return true;
}
