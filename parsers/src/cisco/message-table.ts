// Tables of messages: texts, compiled once at load.
//
// A line with ids (or ranges of numbers) names what these messages mean, from meanings.ts; ids
// alone go on in the next line. The lines behind it, two spaces in, are the forms of the message in
// the notation of template.ts: the first that matches counts. A line four spaces in goes on with
// the form before it: behind one space, or at once where it begins with an option that has its own.
// {@name} stands for a piece that several forms share; `#` begins a comment.
import { KeyTable } from '../text/key-table.js';
import { type MeaningName, meaningOf } from './meanings.js';
import type { TemplateSet } from './template.js';

/** A message as its text says it, with the pieces put in. */
export interface Message {
  readonly ids: string[];
  readonly meaning: number;
  readonly forms: string[];
}

/** Messages by id, with the numbers of their templates. */
export class MessageTable {
  /** Number of a message by its id. */
  readonly ids: KeyTable;
  /** By the number less one. */
  readonly meanings: Uint8Array;
  /** Where the templates of a message begin; the next one's beginning is the end. */
  readonly #first: Uint16Array;
  readonly #templates: Int32Array;
  readonly #forms: readonly string[];
  /** Index of the form that fitted last, -1 where none did. */
  #last = -1;

  /** Compiles the texts into `set`. */
  constructor(
    set: TemplateSet,
    texts: readonly string[],
    pieces: Readonly<Record<string, string>>,
  ) {
    const messages = texts.flatMap((text) => messagesOf(text, pieces));
    const templates: number[] = [];
    const first: number[] = [0];
    for (const { forms } of messages) {
      for (const form of forms) templates.push(set.add(form));
      first.push(templates.length);
    }
    this.ids = new KeyTable(
      messages.flatMap(({ ids }, index) => ids.map((id) => [id, index + 1] as const)),
    );
    this.meanings = Uint8Array.from(messages, ({ meaning }) => meaning);
    this.#first = Uint16Array.from(first);
    this.#templates = Int32Array.from(templates);
    this.#forms = messages.flatMap(({ forms }) => forms);
  }

  /** True when a form of the message fits; its values are in `set` then. */
  matches(
    set: TemplateSet,
    message: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const stop = this.#first[message] as number;
    const first = this.#first[message - 1] as number;
    for (let i = first; i < stop; i++)
      if (set.match(this.#templates[i] as number, bytes, start, end, false)) return this.#fits(i);
    // A text that was cut fits none: what it has is read all the same.
    for (let i = first; i < stop; i++)
      if (set.match(this.#templates[i] as number, bytes, start, end, true)) return this.#fits(i);
    return false;
  }

  #fits(index: number): true {
    this.#last = index;
    return true;
  }

  /** The form that `matches` was true for, last. */
  get lastForm(): string {
    return this.#forms[this.#last] ?? '';
  }
}

/** `106001`, or `400000-400050`. */
function idsOf(text: string): string[] {
  if (!/^\d+-\d+$/.test(text)) return [text];
  const [from = '', to = ''] = text.split('-');
  const ids: string[] = [];
  for (let id = Number(from); id <= Number(to); id++)
    ids.push(String(id).padStart(from.length, '0'));
  return ids;
}

/** What a text of messages says; `pieces` are what {@name} stands for. */
export function messagesOf(text: string, pieces: Readonly<Record<string, string>>): Message[] {
  const messages: Message[] = [];
  let ids: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const forms = messages.at(-1)?.forms ?? [];
    if (line.startsWith('    ')) {
      const more = line.trimStart();
      forms[forms.length - 1] += /^\[[ .,]/.test(more) ? more : ` ${more}`;
    } else if (line.startsWith('  ')) forms.push(line.trimStart());
    else {
      const words = line.split(' ');
      // Meanings are in lower case, mnemonics in upper.
      const isWhole = /^[a-z]/.test(words.at(-1) ?? '');
      const meaning = isWhole ? words.pop() : undefined;
      ids.push(...words.flatMap(idsOf));
      if (meaning === undefined) continue;
      messages.push({ ids, meaning: meaningOf(meaning as MeaningName), forms: [] });
      ids = [];
    }
  }
  for (const { forms } of messages)
    forms.forEach((form, index) => {
      forms[index] = form.replaceAll(/\{@(\w+)\}/g, (_, name) => pieces[name] ?? '');
    });
  return messages;
}
