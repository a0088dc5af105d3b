// Where pairs stand that are settled at the end of an event: four positions each, key and value.

export const KEPT = {
  /** Fallback for the text of the event. */
  description: 0,
  /** Fallbacks for the addresses and ports of the session. */
  remote: 1,
  local: 2,
  remotePort: 3,
  localPort: 4,
  /** Who the user is, best first. */
  user: 5,
  userByVpn: 6,
  userByDevice: 7,
  service: 8,
  status: 9,
  result: 10,
} as const;
const COUNT = 11;

export class KeptPairs {
  readonly #positions = new Uint32Array(COUNT * 4);

  reset(): void {
    this.#positions.fill(0);
  }

  set(kept: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const at = kept * 4;
    this.#positions[at] = keyStart;
    this.#positions[at + 1] = keyEnd;
    this.#positions[at + 2] = start;
    this.#positions[at + 3] = end;
  }

  has(kept: number): boolean {
    return this.#positions[kept * 4 + 3] !== 0;
  }

  /** 0 key start, 1 key end, 2 start of the value, 3 its end. */
  at(kept: number, part: 0 | 1 | 2 | 3): number {
    return this.#positions[kept * 4 + part] as number;
  }
}
