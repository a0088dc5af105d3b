/** Wakes one waiter, and remembers a wake-up that came while nobody waited. */
export class Gate {
  #open = false;
  #wake: (() => void) | null = null;

  open(): void {
    this.#open = true;
    this.#wake?.();
    this.#wake = null;
  }

  async passed(): Promise<void> {
    if (!this.#open)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#open = false;
  }
}
