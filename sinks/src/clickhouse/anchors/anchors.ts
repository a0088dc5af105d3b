// Sends checkpoints to the store, where they outlive the spool: whoever keeps one can show later
// that the log was cut or forked. Nothing waits for it, and a store that is away is no trouble: the
// newest checkpoint goes there when it is back.
import { type Clock, messageOf, type Timers } from '@weir/pipeline';
import type { Store, TableNames } from '../store/index.js';

export interface TreeCheckpoint {
  readonly nodeId: string;
  readonly treeNumber: number;
  readonly size: number;
  /** base64 */
  readonly root: string;
  readonly note: string;
  /** The state document. */
  readonly state: string;
}

export interface AnchorsOptions {
  readonly store: Store;
  readonly tables: TableNames;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The newest one that is durable; null for none. */
  readonly latest: () => TreeCheckpoint | null;
  readonly log: (line: string) => void;
}

export interface AnchorsStats {
  /** Since the start. */
  readonly sentCount: number;
  readonly failureCount: number;
  /** Leaves that the store can vouch for; 0 before the first. */
  readonly anchoredSize: number;
}

const ANCHOR_INTERVAL_MS = 10_000;
/** Checkpoints come each second at most. */
const LOOK_INTERVAL_MS = 1_000;

export class Anchors {
  readonly #options: AnchorsOptions;
  #sent: TreeCheckpoint | null = null;
  #sending: Promise<void> | null = null;
  #lastError: string | null = null;
  #sentCount = 0;
  #failureCount = 0;

  constructor(options: AnchorsOptions) {
    this.#options = options;
  }

  stats(): AnchorsStats {
    return {
      sentCount: this.#sentCount,
      failureCount: this.#failureCount,
      anchoredSize: this.#sent?.size ?? 0,
    };
  }

  /** At most one each ten seconds. Resolves after the signal has aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, timers } = this.#options;
    let nextAtMs = 0;
    while (!signal.aborted) {
      if (clock.monotonicMs() >= nextAtMs && (await this.#send()))
        nextAtMs = clock.monotonicMs() + ANCHOR_INTERVAL_MS;
      await timers.sleep(LOOK_INTERVAL_MS, signal);
    }
  }

  /** The last one, when no more will come. Resolves after the time at the latest. */
  async finish(deadlineMs: number): Promise<void> {
    const ended = new AbortController();
    const tooLate = this.#options.timers.sleep(deadlineMs, ended.signal);
    await Promise.race([this.#send(), tooLate]);
    ended.abort();
  }

  /** False when there is nothing new. */
  async #send(): Promise<boolean> {
    // One at a time, and the one under way may be older than what is there now.
    await this.#sending;
    const checkpoint = this.#options.latest();
    if (checkpoint === null || checkpoint.note === this.#sent?.note) return false;
    this.#sending = this.#insert(checkpoint);
    await this.#sending;
    this.#sending = null;
    return true;
  }

  async #insert(checkpoint: TreeCheckpoint): Promise<void> {
    const { store, tables, log } = this.#options;
    const { nodeId, treeNumber, size, root, note, state } = checkpoint;
    const values = [quote(nodeId), treeNumber, size, ...[root, note, state].map(quote)];
    try {
      await store.command(
        `INSERT INTO ${tables.checkpoints} (node, tree, size, root, note, state) ` +
          `VALUES (${values.join(', ')})`,
        {},
        { async_insert: 0, max_query_size: 1 << 28 },
      );
      this.#sent = checkpoint;
      this.#sentCount++;
      this.#lastError = null;
    } catch (error) {
      this.#failureCount++;
      const message = messageOf(error);
      if (message !== this.#lastError)
        log(`a checkpoint could not be sent to the store: ${message}; events are not held up`);
      this.#lastError = message;
    }
  }
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
