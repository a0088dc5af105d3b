// Everything that crosses a port, as one hash: two runs of a seed that differ anywhere differ here.

/** Two FNV-1a hashes over UTF-16 units, side by side: 64 bits, without an object a note. */
export class Trace {
  noteCount = 0;
  readonly #nowMs: () => number;
  readonly #print: ((line: string) => void) | null;
  #a = 0x811c9dc5;
  #b = 0x01000193;

  constructor(nowMs: () => number, print: ((line: string) => void) | null = null) {
    this.#nowMs = nowMs;
    this.#print = print;
  }

  note(what: string, value: number | string = ''): void {
    this.noteCount++;
    const nowMs = this.#nowMs();
    this.#mix(what);
    this.#mix(String(value));
    this.#mix(String(nowMs));
    this.#print?.(`${nowMs.toFixed(1).padStart(10)} ${what} ${value}`);
  }

  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#a) + hex(this.#b);
  }

  #mix(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ (unit + 0x9e37), 0x85ebca6b);
      b ^= b >>> 13;
    }
    this.#a = Math.imul(a ^ 0xff, 0x01000193);
    this.#b = b;
  }
}
