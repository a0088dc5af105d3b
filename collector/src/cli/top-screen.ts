// A full screen of text on a terminal: drawn over itself without flicker, and put away whatever
// ends the command.
import { clip } from './top-text.js';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CTRL_C = '\x03';

type Terminal = Pick<
  NodeJS.WriteStream,
  'write' | 'columns' | 'rows' | 'on' | 'off' | 'writableLength'
>;

export class Screen {
  readonly #output: Terminal;
  #lines: readonly string[] = [];
  #isOpen = false;
  readonly #redraw = (): void => this.#draw();
  readonly #leave = (): void => this.close();

  constructor(output: Terminal) {
    this.#output = output;
  }

  open(): void {
    this.#isOpen = true;
    this.#output.write(ENTER);
    this.#output.on('resize', this.#redraw);
    process.on('exit', this.#leave);
  }

  show(lines: readonly string[]): void {
    this.#lines = lines;
    // A terminal that was stopped (Ctrl-S) gets the newest screen when it goes on, not all of them.
    if (this.#output.writableLength === 0) this.#draw();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.off('resize', this.#redraw);
    process.off('exit', this.#leave);
    this.#output.write(LEAVE);
  }

  #draw(): void {
    // A serial line says that it has no size at all.
    const columns = this.#output.columns || 80;
    const rows = this.#output.rows || 24;
    const shown = this.#lines.slice(0, Math.max(1, rows - 1));
    const text = shown.map((line) => `${clip(line, columns)}${CLEAR_LINE_END}\n`).join('');
    this.#output.write(`${HOME}${text}${CLEAR_BELOW}`);
  }
}

/** Calls back on q, Ctrl-C, SIGINT or SIGTERM. Returns how to stop that. */
export function onQuit(callback: () => void): () => void {
  const { stdin } = process;
  const names = ['SIGINT', 'SIGTERM'] as const;
  const onKey = (key: Buffer): void => {
    const text = key.toString();
    if (text.includes('q') || text.includes(CTRL_C)) callback();
  };
  for (const name of names) process.on(name, callback);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', onKey);
  }
  return () => {
    for (const name of names) process.off(name, callback);
    if (!stdin.isTTY) return;
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
