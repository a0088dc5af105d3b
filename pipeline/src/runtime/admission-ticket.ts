// What a sender waits for: the durability of the events that it handed over, however many batches
// they went into.
import type { WeirError } from '../errors.js';

/** A keyed request, as it will stand in the frames that hold its events. */
export interface AdmissionRequest {
  readonly key: string;
  readonly bodySha256: Uint8Array;
  readonly itemCount: number;
}

/** Neighbouring events of one ticket in one batch. */
export interface AdmittedPart {
  readonly itemIndexFirst: number;
  readonly eventCount: number;
  readonly stream: string;
  readonly epoch: bigint;
  /** Number of the first event of the part. */
  readonly seqFirst: number;
}

/** One per request, never one per event. Made by `Admission.ticket`. */
export class AdmissionTicket {
  readonly request: AdmissionRequest | null;
  /** Index in the request of the next item to be appended; a repeat sets it to fill holes. */
  itemIndexNext = 0;
  readonly #onDurable: ((part: AdmittedPart) => void) | null;
  #batchesPending = 0;
  #partFirst: AdmittedPart | null = null;
  #failure: WeirError | null = null;
  #waiter: (() => void) | null = null;

  constructor(request: AdmissionRequest | null, onDurable: ((part: AdmittedPart) => void) | null) {
    this.request = request;
    this.#onDurable = onDurable;
  }

  /** Called by the admission when events of this ticket enter a batch. */
  batchOpened(): void {
    this.#batchesPending++;
  }

  /** Called by the admission once per batch, after its fdatasync or its failure. */
  batchSettled(parts: readonly AdmittedPart[], failure: WeirError | null): void {
    this.#batchesPending--;
    if (failure !== null) this.#failure ??= failure;
    else for (const part of parts) this.#partDurable(part);
    if (this.#batchesPending === 0) this.#waiter?.();
  }

  /**
   * Call after the last append. Resolves once all events of the ticket are durable, with the part
   * that holds the first of them (null when there were none). Rejects with WEIR_SPOOL_IO or
   * WEIR_SPOOL_CLOSED after everything has settled: then nothing may be acked.
   */
  async durable(): Promise<AdmittedPart | null> {
    if (this.#batchesPending > 0)
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    if (this.#failure !== null) throw this.#failure;
    return this.#partFirst;
  }

  #partDurable(part: AdmittedPart): void {
    const first = this.#partFirst;
    if (first === null || part.itemIndexFirst < first.itemIndexFirst) this.#partFirst = part;
    this.#onDurable?.(part);
  }
}
