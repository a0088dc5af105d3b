// The oracle: it mints every event, notes what the process has taken and what it has acknowledged,
// and compares that with what stands in the store. It shares no code with the pipeline and is told
// nothing by it.
import type { LedgerKind, Row, Tables } from '../store/tables.js';

export type Way = 'tcp' | 'udp' | 'http';

export interface Sent {
  readonly id: string;
  readonly way: Way;
  readonly sender: string;
  /** Dense by sender, in the order of sending. */
  readonly order: number;
  /** As its row must hold it, one character a byte. */
  readonly text: string;
  readonly isFiltered: boolean;
  /** How often the process took it off the network; for HTTP how often it was sent. */
  takenCount: number;
  /** The process said that it is durable. */
  isAcked: boolean;
  /** A repeat is told from a first attempt. */
  readonly isKeyed: boolean;
}

/** A process of the collector, by the epoch that it opened. */
export interface Incarnation {
  readonly epoch: string;
  readonly nodeId: string;
  /** Ids in the order in which they were taken, by way. */
  readonly taken: Readonly<Record<'tcp' | 'udp', string[]>>;
  emptyCount: number;
  /** Connections that ended, or may have ended, within a message. */
  partialCount: number;
  kernelDrops: number;
  end: 'running' | 'killed' | 'drained';
}

export const MESSAGE_BYTES_MAX = 2_048;
const ID = /id=([tuh]\d+-\d+)\./;
const rank = (row: Row): string => `${row.tenant} ${row.stream} ${row.epoch}`;

export class Oracle {
  readonly sent = new Map<string, Sent>();
  readonly incarnations: Incarnation[] = [];
  readonly #bySender = new Map<string, Sent[]>();
  /** By peer: what came of a message, and to which process. */
  readonly #partialOf = new Map<string, { readonly text: string; readonly to: Incarnation }>();

  /** `make` gives the bytes of an event with this id. */
  mint(
    way: Way,
    sender: string,
    details: { isFiltered: boolean; isKeyed: boolean },
    make: (id: string) => string,
  ): Sent {
    const list = this.#bySender.get(sender) ?? [];
    this.#bySender.set(sender, list);
    const order = list.length;
    const id = `${sender}-${order}`;
    const text = make(`id=${id}.`);
    const sent: Sent = { id, way, sender, order, text, ...details, takenCount: 0, isAcked: false };
    list.push(sent);
    this.sent.set(id, sent);
    return sent;
  }

  begin(epoch: string, nodeId: string): Incarnation {
    const taken = { tcp: [], udp: [] };
    const counts = { emptyCount: 0, partialCount: 0, kernelDrops: 0 };
    const incarnation: Incarnation = { epoch, nodeId, taken, ...counts, end: 'running' };
    this.incarnations.push(incarnation);
    return incarnation;
  }

  get #now(): Incarnation | undefined {
    return this.incarnations.at(-1);
  }

  /** Bytes that the process has read. */
  took(kind: 'tcp' | 'udp', peer: string, bytes: Buffer): void {
    const text = bytes.toString('latin1');
    if (kind === 'udp') {
      this.#tookMessage('udp', text);
      return;
    }
    const lines = ((this.#partialOf.get(peer)?.text ?? '') + text).split('\n');
    const rest = lines.pop() ?? '';
    if (this.#now !== undefined) this.#partialOf.set(peer, { text: rest, to: this.#now });
    for (const line of lines) this.#tookMessage('tcp', line);
  }

  /** A connection of this peer begins, or is over. */
  cutAt(peer: string): void {
    const partial = this.#partialOf.get(peer);
    if (partial !== undefined && partial.text !== '') partial.to.partialCount++;
    this.#partialOf.delete(peer);
  }

  #tookMessage(kind: 'tcp' | 'udp', text: string): void {
    const now = this.#now;
    if (now === undefined) return;
    const id = ID.exec(text)?.[1];
    if (id === undefined) now.emptyCount++;
    else {
      const sent = this.sent.get(id);
      if (sent !== undefined) sent.takenCount++;
      now.taken[kind].push(id);
    }
  }

  /** Everything that does not hold of the store once nothing is in flight. */
  check(tables: Tables): string[] {
    return new Check(this, tables, this.#bySender).run();
  }
}

/** Reasons of rows that may be the beginning of an event only. */
const PART_REASONS: ReadonlySet<string> = new Set(['framing_incomplete', 'oversize']);

class Check {
  readonly #oracle: Oracle;
  readonly #tables: Tables;
  readonly #bySender: ReadonlyMap<string, readonly Sent[]>;
  readonly #problems: string[] = [];
  readonly #rowsOf = new Map<string, Row[]>();
  /** By epoch and way of the stream. */
  readonly #counts = new Map<string, Record<LedgerKind | 'refused' | 'issued', number>>();

  constructor(oracle: Oracle, tables: Tables, bySender: ReadonlyMap<string, readonly Sent[]>) {
    this.#oracle = oracle;
    this.#tables = tables;
    this.#bySender = bySender;
  }

  run(): string[] {
    const rows = [...this.#tables.rowsOf('events'), ...this.#tables.rowsOf('quarantine')];
    this.#checkNumbers(rows);
    this.#checkLedger();
    for (const row of rows) this.#checkRow(row);
    for (const sent of this.#oracle.sent.values()) this.#checkSent(sent);
    this.#checkOrder();
    for (const incarnation of this.#oracle.incarnations) this.#checkIncarnation(incarnation);
    return this.#problems;
  }

  #problem(sentence: string): void {
    if (this.#problems.length < 20) this.#problems.push(sentence);
  }

  #checkNumbers(rows: readonly Row[]): void {
    const seen = new Map<string, Row>();
    for (const row of rows) {
      const number = `${rank(row)} ${row.seq}`;
      if (seen.has(number)) this.#problem(`twice in the tables: ${number}`);
      seen.set(number, row);
    }
  }

  /** The ledger's sets are exactly the rows, and together they leave no number out. */
  #checkLedger(): void {
    const here = new Map<string, Record<'stored' | 'quarantined', Set<number>>>();
    for (const [table, kind] of [
      ['events', 'stored'],
      ['quarantine', 'quarantined'],
    ] as const)
      for (const { tenant, stream, epoch, seq } of this.#tables.rowsOf(table)) {
        const key = `${tenant}\n${stream}\n${epoch}`;
        const sets = here.get(key) ?? { stored: new Set(), quarantined: new Set() };
        here.set(key, sets);
        sets[kind].add(seq);
      }
    const ledger = this.#tables.ledgerSets();
    for (const key of new Set([...here.keys(), ...ledger.keys()])) {
      const name = key.replaceAll('\n', ' ');
      const sets = ledger.get(key);
      for (const kind of ['stored', 'quarantined'] as const) {
        const rows = here.get(key)?.[kind] ?? new Set<number>();
        const noted = sets?.[kind] ?? new Set<number>();
        for (const seq of rows)
          if (!noted.has(seq))
            this.#problem(`${name} ${seq}: a row, and not ${kind} in the ledger`);
        for (const seq of noted)
          if (!rows.has(seq)) this.#problem(`${name} ${seq}: ${kind} in the ledger, and no row`);
      }
      if (sets !== undefined) this.#countStream(key, sets);
    }
    const refused = new Map<string, number>();
    for (const { tenant, stream, epoch, kind, cause, eventCount } of this.#tables.dispositions) {
      if (kind !== 'refused') continue;
      const key = `${tenant}\n${stream}\n${epoch}\n${cause}`;
      refused.set(key, Math.max(refused.get(key) ?? 0, eventCount));
    }
    for (const [key, count] of refused) this.countsOf(key).refused += count;
  }

  #countStream(key: string, sets: Readonly<Record<LedgerKind, ReadonlySet<number>>>): void {
    const counts = this.countsOf(key);
    const seen = new Set<number>();
    for (const kind of ['stored', 'quarantined', 'filtered', 'lost'] as const)
      for (const seq of sets[kind])
        if (!seen.has(seq)) {
          seen.add(seq);
          counts[kind]++;
        }
    let seqMax = -1;
    for (const seq of seen) seqMax = Math.max(seqMax, seq);
    counts.issued += seqMax + 1;
    if (seen.size !== seqMax + 1)
      this.#problem(`${key.replaceAll('\n', ' ')}: ${seqMax + 1 - seen.size} numbers in no kind`);
  }

  countsOf(key: string): Record<LedgerKind | 'refused' | 'issued', number> {
    const [, stream = '', epoch = ''] = key.split('\n');
    return this.#countsOf(epoch, stream.split('/')[1] ?? '');
  }
  #countsOf(epoch: string, way: string): Record<LedgerKind | 'refused' | 'issued', number> {
    const key = `${epoch} ${way}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = { stored: 0, quarantined: 0, filtered: 0, lost: 0, refused: 0, issued: 0 };
      this.#counts.set(key, counts);
    }
    return counts;
  }

  /** Nothing was invented, and bytes are equal. */
  #checkRow(row: Row): void {
    const id = ID.exec(row.raw)?.[1];
    const sent = id === undefined ? undefined : this.#oracle.sent.get(id);
    const isPart = PART_REASONS.has(row.reason);
    if (sent === undefined) {
      // Too little came to tell which it was.
      const isBegin = [...this.#oracle.sent.values()].some(
        ({ way, text }) => way === 'tcp' && text.startsWith(row.raw),
      );
      if (!(isPart && isBegin))
        this.#problem(
          `${rank(row)} ${row.seq}: nobody sent ${JSON.stringify(row.raw.slice(0, 80))}`,
        );
      return;
    }
    const isEqual = isPart ? sent.text.startsWith(row.raw) : sent.text === row.raw;
    if (!isEqual) this.#problem(`${rank(row)} ${row.seq}: not the bytes of ${id}`);
    const known = this.#rowsOf.get(sent.id);
    if (known === undefined) this.#rowsOf.set(sent.id, [row]);
    else known.push(row);
  }

  #checkSent(sent: Sent): void {
    const rows = this.#rowsOf.get(sent.id) ?? [];
    // A keyed request is stored once however often it was sent.
    const isOnce = sent.way === 'tcp' || sent.isKeyed;
    const most = isOnce ? 1 : Math.max(1, sent.takenCount);
    if (rows.length > most)
      this.#problem(`${sent.id}: stored ${rows.length} times, came ${sent.takenCount} times`);
    if (rows.length > 0 && sent.takenCount === 0 && rows[0]?.reason !== 'framing_incomplete')
      this.#problem(`${sent.id}: stored, and never taken`);
    if (!sent.isAcked || rows.length > 0 || sent.isFiltered) return;
    const lost = [...this.#counts].reduce(
      (sum, [key, counts]) => (key.endsWith('http') ? sum + counts.lost : sum),
      0,
    );
    this.#missingAcked++;
    if (this.#missingAcked > lost)
      this.#problem(`${sent.id}: acknowledged, and neither stored nor declared lost`);
  }
  #missingAcked = 0;

  /**
   * Rows of a sender stand in the order of its sending, over epochs. What came of a message that
   * its connection did not end is taken when the process gives the connection up, which may be long
   * after the sender has begun another one: it stands behind those before it, and maybe behind
   * later ones.
   */
  #checkOrder(): void {
    const epochs = new Map(this.#oracle.incarnations.map(({ epoch }, i) => [epoch, i]));
    for (const [sender, list] of this.#bySender) {
      if (list[0]?.way === 'udp' || (list[0]?.way === 'http' && !list[0].isKeyed)) continue;
      let last: Row | null = null;
      for (const { id } of list) {
        const row = this.#rowsOf.get(id)?.[0];
        if (row === undefined) continue;
        const at = epochs.get(row.epoch) ?? -1;
        if (at < 0) this.#problem(`${id}: in an epoch that no process opened`);
        const lastAt = last === null ? -1 : (epochs.get(last.epoch) ?? -1);
        if (
          at < lastAt ||
          (at === lastAt && last !== null && row.stream === last.stream && row.seq <= last.seq)
        )
          this.#problem(`${sender}: ${id} stands before the one sent before it`);
        if (row.reason !== 'framing_incomplete') last = row;
      }
    }
  }

  #checkIncarnation(incarnation: Incarnation): void {
    for (const way of ['tcp', 'udp'] as const) {
      const { epoch, taken, end } = incarnation;
      const counts = this.#countsOf(epoch, way);
      const rowsHere = (id: string): number =>
        (this.#rowsOf.get(id) ?? []).filter(
          (row) => row.epoch === epoch && row.reason !== 'framing_incomplete',
        ).length;
      const isOrderly = end === 'drained' || end === 'running';
      const name = `epoch ${this.#oracle.incarnations.indexOf(incarnation) + 1} ${way}`;
      const takenCount = taken[way].length;
      const empty = way === 'tcp' ? incarnation.emptyCount : incarnation.kernelDrops;
      if (isOrderly) {
        const offered = takenCount + empty;
        const had = counts.issued + counts.refused;
        const partials = way === 'tcp' ? incarnation.partialCount : 0;
        if (had < offered || had > offered + partials)
          this.#problem(
            `${name}: offered ${offered} (and ${partials} in part), ` +
              `issued ${counts.issued} and refused ${counts.refused}`,
          );
      }
      if (way === 'udp') continue;
      // What a kill takes is the end of what each sender had sent, and nothing before it.
      const bySender = new Map<string, Sent[]>();
      for (const id of taken.tcp) {
        const sent = this.#oracle.sent.get(id);
        if (sent === undefined || sent.isFiltered) continue;
        const list = bySender.get(sent.sender) ?? [];
        bySender.set(sent.sender, list);
        list.push(sent);
      }
      let missing = 0;
      for (const list of bySender.values()) {
        let lastHere = list.length - 1;
        if (!isOrderly)
          while (lastHere >= 0 && rowsHere(list[lastHere]?.id ?? '') === 0) lastHere--;
        for (let i = 0; i <= lastHere; i++) if (rowsHere(list[i]?.id ?? '') === 0) missing++;
      }
      if (missing > counts.lost)
        this.#problem(
          `${name}: ${missing} messages are missing before others, ` +
            `${counts.lost} are declared lost`,
        );
    }
  }
}
