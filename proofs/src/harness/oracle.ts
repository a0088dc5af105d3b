// The oracle: knows what was sent and acknowledged, receives what is stored, and shares no code
// with the pipeline. Numbers are per producer, dense from 0.

export interface Verdict {
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  readonly twice: number;
  /** Stored, but never sent. */
  readonly invented: number;
  readonly firstMissing: readonly string[];
}

export class Oracle {
  readonly #sent = new Map<string, number>();
  readonly #acknowledged = new Map<string, Uint8Array>();

  /** From here on numbers 0..count-1 of the producer may appear. */
  register(producer: string, count: number): void {
    this.#sent.set(producer, count);
    this.#acknowledged.set(producer, new Uint8Array(count));
  }

  acknowledge(producer: string, first: number, count: number): void {
    this.#acknowledged.get(producer)?.fill(1, first, first + count);
  }

  acknowledgedCount(): number {
    let count = 0;
    for (const flags of this.#acknowledged.values()) for (const flag of flags) count += flag;
    return count;
  }

  /** `stored`: one [producer, number] per row found. */
  judge(stored: Iterable<readonly [string, number]>): Verdict {
    const seen = new Map(
      [...this.#sent].map(([producer, count]) => [producer, new Uint16Array(count)]),
    );
    let found = 0;
    let invented = 0;
    for (const [producer, number] of stored) {
      found++;
      const counts = seen.get(producer);
      if (counts === undefined || number >= counts.length) invented++;
      else counts[number] = (counts[number] ?? 0) + 1;
    }
    return { found, invented, ...this.#compare(seen) };
  }

  #compare(seen: ReadonlyMap<string, Uint16Array>): Omit<Verdict, 'found' | 'invented'> {
    let expected = 0;
    let missing = 0;
    let twice = 0;
    const firstMissing: string[] = [];
    for (const [producer, acknowledged] of this.#acknowledged) {
      const counts = seen.get(producer);
      for (let number = 0; number < acknowledged.length; number++) {
        const times = counts?.[number] ?? 0;
        if (times > 1) twice++;
        if (acknowledged[number] !== 1) continue;
        expected++;
        if (times > 0) continue;
        missing++;
        if (firstMissing.length < 10) firstMissing.push(`${producer}/${number}`);
      }
    }
    return { expected, missing, twice, firstMissing };
  }
}
