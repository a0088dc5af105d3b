// What a file sink has stored: every line of its files, by identity and by what the sender wrote.
import { createReadStream, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Stored {
  readonly rowCount: number;
  /** Rows whose (stream, epoch, seq) stands in another row, too. */
  readonly sameIdentity: number;
  /** Times that each number of a producer is there. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Rows of a stream and epoch whose number is not behind that of the row before. */
  readonly outOfOrder: number;
}

export interface Row {
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly raw_data: string;
}
const SENT = /producer"?[=:]"?([\w-]+)"?[, ]+"?number"?[=:](\d+)/;

/** Rows in the order in which they were stored. */
export function storedOf(rows: Iterable<Row>): Stored {
  const counter = new Counter();
  for (const row of rows) counter.add(row);
  return counter;
}

/** Reads PATH and PATH.NUMBER, the oldest first. */
export async function readStored(path: string): Promise<Stored> {
  const counter = new Counter();
  for (const file of filesOf(path))
    for await (const line of createInterface({ input: createReadStream(file) }))
      counter.add(JSON.parse(line) as Row);
  return counter;
}

class Counter implements Stored {
  readonly counts = new Map<string, Map<number, number>>();
  rowCount = 0;
  sameIdentity = 0;
  outOfOrder = 0;
  readonly #identities = new Set<string>();
  readonly #last = new Map<string, number>();

  add({ stream, epoch, seq, raw_data }: Row): void {
    this.rowCount++;
    const key = `${stream} ${epoch}`;
    const identity = `${key} ${seq}`;
    if (this.#identities.has(identity)) this.sameIdentity++;
    this.#identities.add(identity);
    if (seq <= (this.#last.get(key) ?? -1)) this.outOfOrder++;
    this.#last.set(key, seq);
    const [, producer = '', number = ''] = SENT.exec(raw_data) ?? [];
    let numbers = this.counts.get(producer);
    if (numbers === undefined) {
      numbers = new Map();
      this.counts.set(producer, numbers);
    }
    numbers.set(Number(number), (numbers.get(Number(number)) ?? 0) + 1);
  }
}

function filesOf(path: string): string[] {
  const folder = dirname(path);
  const name = basename(path);
  const numberOf = (file: string): number => Number(file.slice(name.length + 1));
  const closed = readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`) && /^\d+$/.test(file.slice(name.length + 1)))
    .sort((a, b) => numberOf(a) - numberOf(b));
  const files = [...closed, ...(readdirSync(folder).includes(name) ? [name] : [])];
  return files.map((file) => join(folder, file));
}

export interface SenderVerdict {
  /** Acknowledged and not stored. */
  readonly lost: number;
  readonly twice: number;
  /** Stored, never sent. */
  readonly invented: number;
}

/**
 * Of one sender that sent numbers below `sentCount`, of which those below `ackedCount` must be
 * there.
 */
export function judgeSender(
  stored: Stored,
  producer: string,
  { ackedCount, sentCount }: { readonly ackedCount: number; readonly sentCount: number },
): SenderVerdict {
  const numbers = stored.counts.get(producer) ?? new Map<number, number>();
  let lost = 0;
  let twice = 0;
  let invented = 0;
  for (let number = 0; number < ackedCount; number++) if (!numbers.has(number)) lost++;
  for (const [number, times] of numbers) {
    if (times > 1) twice++;
    if (number >= sentCount) invented++;
  }
  return { lost, twice, invented };
}
