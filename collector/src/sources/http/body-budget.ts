// Memory for bodies of one listener. What is being read is refused when there is no room, since a
// sender that waits would hold its part of the memory; what is complete waits for its turn.
import type { Timers } from '@weir/pipeline';

export interface ReadBudgetLimits {
  readonly httpBodiesBytesMax: number;
  readonly httpPeerBodiesBytesMax: number;
  readonly httpPeerBodiesMax: number;
}

/** `peer_full`: this address has its share; `full`: all addresses together. */
export type Taken = 'taken' | 'peer_full' | 'full';

/** The memory that one body holds. */
export interface BodyAccount {
  /** Asks before the memory is allocated. */
  take(byteCount: number): Taken;
  /** Gives everything back; calling it again does nothing. */
  close(): void;
}

interface Peer {
  bodyCount: number;
  byteCount: number;
}

/** Bodies as they were sent, complete or not. */
export class ReadBudget {
  readonly #limits: ReadBudgetLimits;
  /** Only of addresses that have a body now. */
  readonly #peers = new Map<string, Peer>();
  #byteCount = 0;

  constructor(limits: ReadBudgetLimits) {
    this.#limits = limits;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** null when the address has too many bodies already. */
  open(address: string): BodyAccount | null {
    const peer = this.#peers.get(address) ?? { bodyCount: 0, byteCount: 0 };
    if (peer.bodyCount >= this.#limits.httpPeerBodiesMax) return null;
    peer.bodyCount++;
    this.#peers.set(address, peer);
    let held = 0;
    let isOpen = true;
    return {
      take: (byteCount) => {
        const taken = this.#canTake(peer, byteCount);
        if (taken !== 'taken') return taken;
        held += byteCount;
        peer.byteCount += byteCount;
        this.#byteCount += byteCount;
        return taken;
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        peer.byteCount -= held;
        this.#byteCount -= held;
        peer.bodyCount--;
        if (peer.bodyCount === 0) this.#peers.delete(address);
      },
    };
  }

  #canTake(peer: Peer, byteCount: number): Taken {
    const { httpBodiesBytesMax, httpPeerBodiesBytesMax } = this.#limits;
    if (peer.byteCount + byteCount > httpPeerBodiesBytesMax) return 'peer_full';
    return this.#byteCount + byteCount > httpBodiesBytesMax ? 'full' : 'taken';
  }
}

interface Waiter {
  readonly byteCount: number;
  readonly wake: () => void;
}

/** Decompressed bodies: first come, first served. */
export class DecodeBudget {
  readonly #bytesMax: number;
  readonly #timers: Timers;
  readonly #waiting = new Set<Waiter>();
  #byteCount = 0;

  constructor(bytesMax: number, timers: Timers) {
    this.#bytesMax = bytesMax;
    this.#timers = timers;
  }

  /** Resolves with false after `waitMs`, or once the signal aborts; then nothing was taken. */
  async take(byteCount: number, waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#waiting.size === 0 && this.#hasRoom(byteCount)) {
      this.#byteCount += byteCount;
      return true;
    }
    return await new Promise<boolean>((resolve) => {
      const end = (isTaken: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', onGiveUp);
        this.#waiting.delete(waiter);
        resolve(isTaken);
        // Behind one that gave up there may be one that needs less.
        if (!isTaken) this.#wake();
      };
      const onGiveUp = (): void => end(false);
      const timer = this.#timers.after(waitMs, onGiveUp);
      const waiter: Waiter = { byteCount, wake: () => end(true) };
      signal.addEventListener('abort', onGiveUp);
      this.#waiting.add(waiter);
    });
  }

  give(byteCount: number): void {
    this.#byteCount -= byteCount;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom(waiter.byteCount)) return;
      this.#byteCount += waiter.byteCount;
      waiter.wake();
    }
  }

  #hasRoom(byteCount: number): boolean {
    return this.#byteCount + byteCount <= this.#bytesMax;
  }
}
