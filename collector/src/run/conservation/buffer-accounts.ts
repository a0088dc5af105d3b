// What became of the numbered batches of each own stream between admission and the spool.
import type { BatchBuffer, FramePosition, SequencedBatch } from '@weir/pipeline';

/** Events since the start. issued = waiting + durable + failed, at any moment between two calls. */
export interface BufferAccount {
  waiting: number;
  durable: number;
  /** The spool did not take them; they are declared lost in the next batch of the stream. */
  failed: number;
}

const NOTHING: Readonly<BufferAccount> = { waiting: 0, durable: 0, failed: 0 };

export class BufferAccounts implements BatchBuffer {
  readonly #buffer: BatchBuffer;
  readonly #ownPrefix: string;
  readonly #accounts = new Map<string, BufferAccount>();

  constructor(buffer: BatchBuffer, nodeId: string) {
    this.#buffer = buffer;
    this.#ownPrefix = `${nodeId}/`;
  }

  get isFull(): boolean {
    return this.#buffer.isFull;
  }

  async append(batch: SequencedBatch, waitedMs?: number): Promise<FramePosition> {
    // The batch belongs to the buffer from here on.
    const { stream, eventCount } = batch;
    if (!stream.startsWith(this.#ownPrefix)) return this.#buffer.append(batch, waitedMs);
    const account = this.#accountOf(stream);
    account.waiting += eventCount;
    try {
      const position = await this.#buffer.append(batch, waitedMs);
      account.durable += eventCount;
      return position;
    } catch (error) {
      account.failed += eventCount;
      throw error;
    } finally {
      account.waiting -= eventCount;
    }
  }

  of(stream: string): Readonly<BufferAccount> {
    return this.#accounts.get(stream) ?? NOTHING;
  }

  #accountOf(stream: string): BufferAccount {
    let account = this.#accounts.get(stream);
    if (account === undefined) {
      account = { waiting: 0, durable: 0, failed: 0 };
      this.#accounts.set(stream, account);
    }
    return account;
  }
}
