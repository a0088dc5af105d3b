// Which numbers of a message are stored already. A producer that was not told of a delivery sends
// again, and somebody may set the offsets of the group back: the ledger knows what is there, and
// this remembers what the same run has read before. Numbers that are lost are not known: what was
// declared lost because nobody could read it is stored when it is replayed.
import { RangeSet } from '@weir/spool';
import type { Store, TableNames } from '../../clickhouse/index.js';
import type { Envelope } from '../envelope/envelope.js';

export type SeqPair = readonly [first: number, last: number];

interface Known {
  /** Read since the run began. */
  readonly read: RangeSet;
  /** Highest number that the ledger had when it was asked; -1 for none. */
  readonly ledgerMax: number;
}

/** Streams that are remembered; the one that was seen least recently is asked for again. */
const STREAMS_MAX = 4_096;
const BUCKET_BITS = 16;

export class KnownNumbers {
  readonly #forgets: boolean;
  readonly #store: Store;
  readonly #tables: TableNames;
  readonly #streams = new Map<string, Known>();

  /** `forgets` plants a fault for proofs: every number is new. */
  constructor(store: Store, tables: TableNames, forgets = false) {
    this.#forgets = forgets;
    this.#store = store;
    this.#tables = tables;
  }

  /** What was read and not settled will be read again. */
  forget(): void {
    this.#streams.clear();
  }

  /** The numbers of the message that nobody has accounted for, and notes them as read. */
  async newOf(envelope: Envelope): Promise<SeqPair[]> {
    const { seqFirst, eventCount } = envelope;
    if (eventCount === 0) return [];
    const seqLast = seqFirst + eventCount - 1;
    if (this.#forgets) return [[seqFirst, seqLast]];
    const known = await this.#knownOf(envelope);
    const fresh = new RangeSet([[seqFirst, seqLast]]);
    for (const [first, last] of known.read.ranges)
      if (last >= seqFirst && first <= seqLast) fresh.remove(first, last);
    if (seqFirst <= known.ledgerMax)
      for (const [first, last] of await this.#inLedger(envelope)) fresh.remove(first, last);
    known.read.add(seqFirst, seqLast);
    return [...fresh.ranges];
  }

  async #knownOf(envelope: Envelope): Promise<Known> {
    const key = JSON.stringify([envelope.tenant, envelope.stream, String(envelope.epoch)]);
    let known = this.#streams.get(key);
    if (known === undefined) {
      if (this.#streams.size >= STREAMS_MAX) {
        const [oldest] = this.#streams.keys();
        if (oldest !== undefined) this.#streams.delete(oldest);
      }
      known = { read: new RangeSet(), ledgerMax: await this.#ledgerMaxOf(envelope) };
    } else this.#streams.delete(key);
    this.#streams.set(key, known);
    return known;
  }

  async #ledgerMaxOf({ tenant, stream, epoch }: Envelope): Promise<number> {
    const rows = await this.#store.query<{ found: string; seq_max: string }>(
      'SELECT count() AS found, max(bitmapMax(seqs)) AS seq_max ' +
        `FROM ${this.#tables.ledger} WHERE tenant_id = {tenant:String} ` +
        "AND stream = {stream:String} AND epoch = {epoch:UInt64} AND kind != 'lost' " +
        'SETTINGS select_sequential_consistency = 1',
      { tenant, stream, epoch: String(epoch) },
    );
    const row = rows[0];
    return row === undefined || row.found === '0' ? -1 : Number(row.seq_max);
  }

  /** Numbers of the message that the ledger has, of any kind but lost. */
  async #inLedger({ tenant, stream, epoch, seqFirst, eventCount }: Envelope): Promise<SeqPair[]> {
    const seqLast = seqFirst + eventCount - 1;
    const rows = await this.#store.query<{ seq_first: string; seq_last: string }>(
      'SELECT min(seq) AS seq_first, max(seq) AS seq_last FROM (' +
        'SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM (' +
        'SELECT arrayJoin(bitmapToArray(bitmapSubsetInRange(groupBitmapMergeState(seqs), ' +
        '{seqFirst:UInt64}, {seqEnd:UInt64}))) AS seq ' +
        `FROM ${this.#tables.ledger} WHERE tenant_id = {tenant:String} ` +
        "AND stream = {stream:String} AND epoch = {epoch:UInt64} AND kind != 'lost' " +
        `AND bucket BETWEEN bitShiftRight({seqFirst:UInt64}, ${BUCKET_BITS}) ` +
        `AND bitShiftRight({seqLast:UInt64}, ${BUCKET_BITS}))) ` +
        'GROUP BY island ORDER BY seq_first SETTINGS select_sequential_consistency = 1',
      { tenant, stream, epoch: String(epoch), seqFirst, seqLast, seqEnd: seqLast + 1 },
    );
    return rows.map((row) => [Number(row.seq_first), Number(row.seq_last)]);
  }
}
