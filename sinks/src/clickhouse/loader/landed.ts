// What of a range is in the tables already, read back by identity. The table is the state store: no
// token and no reply is believed after anything uncertain.

import { isPlanted } from '@weir/pipeline';
import type { BatchHead } from '../../delivery/batch-head.js';
import type { Store, TableNames } from '../store/index.js';
import type { StreamRange } from './intent.js';

export interface LandedStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly events: ReadonlySet<number>;
  readonly quarantine: ReadonlySet<number>;
}

/** Numbers per (tenant, stream, epoch), by table. */
export class Landed {
  readonly #events = new Map<string, Set<number>>();
  readonly #quarantine = new Map<string, Set<number>>();

  add(table: 'events' | 'quarantine', range: StreamRange, seqs: Iterable<number>): void {
    const byStream = table === 'events' ? this.#events : this.#quarantine;
    const key = keyOf(range.tenant, range.stream, range.epoch);
    const known = byStream.get(key);
    if (known === undefined) byStream.set(key, new Set(seqs));
    else for (const seq of seqs) known.add(seq);
  }

  eventsOf(head: BatchHead): ReadonlySet<number> {
    return this.#events.get(keyOf(head.tenant, head.stream, String(head.epoch))) ?? EMPTY;
  }

  quarantineOf(head: BatchHead): ReadonlySet<number> {
    return this.#quarantine.get(keyOf(head.tenant, head.stream, String(head.epoch))) ?? EMPTY;
  }

  /** Takes in what another look has found. */
  addAll(other: Landed): void {
    for (const [mine, theirs] of [
      [this.#events, other.#events],
      [this.#quarantine, other.#quarantine],
    ] as const)
      for (const [key, seqs] of theirs) {
        const known = mine.get(key);
        if (known === undefined) mine.set(key, new Set(seqs));
        else for (const seq of seqs) known.add(seq);
      }
  }

  /** Everything that was found, one entry a stream and epoch; a number may be in both tables. */
  *streams(): Generator<LandedStream> {
    for (const key of new Set([...this.#events.keys(), ...this.#quarantine.keys()])) {
      const [tenant, stream, epoch] = JSON.parse(key) as [string, string, string];
      yield {
        tenant,
        stream,
        epoch: BigInt(epoch),
        events: this.#events.get(key) ?? EMPTY,
        quarantine: this.#quarantine.get(key) ?? EMPTY,
      };
    }
  }

  /** Numbers of the batch that are in either table, ascending; null for none. */
  skipSeqs(head: BatchHead): Float64Array | null {
    const events = this.eventsOf(head);
    const quarantine = this.quarantineOf(head);
    const seqs: number[] = [];
    for (let seq = head.seqFirst; seq < head.seqFirst + head.eventCount; seq++)
      if (events.has(seq) || quarantine.has(seq)) seqs.push(seq);
    return seqs.length === 0 ? null : Float64Array.from(seqs);
  }
}

const EMPTY: ReadonlySet<number> = new Set();
const keyOf = (tenant: string, stream: string, epoch: string): string =>
  JSON.stringify([tenant, stream, epoch]);

/**
 * Reads back both tables. Bounds of ingest_time select the parts; identity selects the rows. The
 * setting makes a replicated table answer with everything that a quorum has accepted.
 */
export async function readBack(
  store: Store,
  tables: TableNames,
  ranges: readonly StreamRange[],
  ingestUsFirst: number,
  ingestUsLast: number,
): Promise<Landed> {
  const landed = new Landed();
  if (isPlanted('token_only_deduplication')) return landed;
  for (const range of wronglyPlanted(ranges))
    for (const table of ['events', 'quarantine'] as const) {
      const rows = await store.query<{ seqs: string[] }>(
        `SELECT groupUniqArray(seq) AS seqs FROM ${tables[table]} ` +
          'WHERE tenant_id = {tenant:String} AND stream = {stream:String} ' +
          'AND epoch = {epoch:UInt64} ' +
          'AND seq BETWEEN {seqFirst:UInt64} AND {seqLast:UInt64} ' +
          'AND ingest_time BETWEEN fromUnixTimestamp64Micro({usFirst:Int64}) ' +
          'AND fromUnixTimestamp64Micro({usLast:Int64}) ' +
          'SETTINGS select_sequential_consistency = 1',
        { ...range, usFirst: ingestUsFirst, usLast: ingestUsLast },
      );
      const seqs = (rows[0]?.seqs ?? []).map(Number);
      const isWhole = seqs.length > 0 && isPlanted('partial_landing_is_whole');
      landed.add(table, range, isWhole ? everyNumberOf(range) : seqs);
    }
  return landed;
}

const wronglyPlanted = (ranges: readonly StreamRange[]): readonly StreamRange[] =>
  isPlanted('read_back_wrong_range')
    ? ranges.map((range) => ({ ...range, seqFirst: range.seqFirst + 1 }))
    : ranges;

const everyNumberOf = ({ seqFirst, seqLast }: StreamRange): number[] =>
  Array.from({ length: seqLast - seqFirst + 1 }, (_, i) => seqFirst + i);
