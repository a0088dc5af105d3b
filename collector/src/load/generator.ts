// The seeded generator: event `seq` of (profile, seed, envelope, start, run) is always the same
// bytes, whichever events were made before it and however calls are cut.
import { ClockPages, PAGE_STARTS } from './clock-pages.js';
import { type Envelope, renderTemplate } from './envelope.js';
import { CYCLIC_TEMPLATE_COUNTS, PROFILES, type ProfileName } from './profiles.js';
import { Draw, mixWords, nextWord } from './random.js';
import { SEQUENCE_DIGITS, SLOT, type Template } from './template.js';

/** Templates of a profile. More of them make the stream less compressible and the caches colder. */
export const TEMPLATE_COUNT = 8_000;
/** Without a rate, event times advance 1 us an event: never ahead of the wall clock. */
export const EVENT_RATE_DEFAULT = 1_000_000;
export const SEQUENCE_MAX = 10 ** SEQUENCE_DIGITS - 1;

export type Framing =
  /** The event alone: a datagram. */
  | 'none'
  /** RFC 6587 3.4.2, and NDJSON. */
  | 'newline'
  /** RFC 6587 3.4.2: a NUL behind each message. */
  | 'nul'
  /** RFC 6587 3.4.1. */
  | 'octet';

export interface GeneratorOptions {
  readonly profile: ProfileName;
  /** 32 bits. */
  readonly seed: number;
  readonly rfc: Envelope;
  /** Time of event 0, ms since 1970. */
  readonly startMs: number;
  /** Letters, digits, - and _. */
  readonly runId: string;
  /** Events per second of event time; default EVENT_RATE_DEFAULT. */
  readonly eventRate?: number;
}

/** Reused: valid until the next call. */
export interface Filled {
  eventCount: number;
  /** The first byte after the last event. */
  endOffset: number;
}

export interface Generator {
  /**
   * Writes events from `seqFirst` on, until `eventsMax` or until the next one does not fit. `ends`
   * receives the offset after each event. Never writes part of an event.
   */
  fill(
    target: Uint8Array,
    offset: number,
    seqFirst: number,
    eventsMax: number,
    framing: Framing,
    ends?: Uint32Array,
  ): Filled;
  /** Longest event of any framing, in bytes: what a buffer must have room for. */
  readonly eventBytesMax: number;
}

/** Has no factor in common with the number of templates: neighbours are of different kinds. */
const CYCLE_STEP = 13;
const HEX = Buffer.from('0123456789abcdef');
const TOKEN = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

export function createGenerator(options: GeneratorOptions): Generator {
  const templates = renderTemplates(options);
  const slots = templates.map((template) => template.slots);
  const prefixes = Uint8Array.from(templates, (template) => template.prefixLength);
  const views: Readonly<Record<Framing, readonly Uint8Array[]>> = {
    none: templates.map((t) => t.bytes.subarray(t.prefixLength, -1)),
    newline: templates.map((t) => t.bytes.subarray(t.prefixLength)),
    nul: templates.map(nulEnded),
    octet: templates.map((t) => t.bytes.subarray(0, -1)),
  };
  const seed = options.seed | 0;
  const stepUs = 1e6 / (options.eventRate ?? EVENT_RATE_DEFAULT);
  const isCyclic = options.profile in CYCLIC_TEMPLATE_COUNTS;
  const pages = new ClockPages();
  const filled: Filled = { eventCount: 0, endOffset: 0 };

  function fill(
    target: Uint8Array,
    offset: number,
    seqFirst: number,
    eventsMax: number,
    framing: Framing,
    ends?: Uint32Array,
  ): Filled {
    const framed = views[framing];
    const hasPrefix = framing === 'octet';
    const limit = target.length;
    let at = offset;
    let count = 0;
    for (; count < eventsMax; count++) {
      const seq = seqFirst + count;
      const low = seq >>> 0;
      const word = mixWords(low ^ seed, (seq - low) / 4_294_967_296);
      const index = isCyclic
        ? (seq * CYCLE_STEP) % framed.length
        : (((word >>> 0) * framed.length) / 4_294_967_296) | 0;
      const bytes = framed[index] as Uint8Array;
      if (at + bytes.length > limit) break;
      target.set(bytes, at);
      const timeUs = Math.floor(seq * stepUs);
      const wholeMs = Math.floor(timeUs / 1000);
      pages.show(options.startMs + wholeMs, timeUs - wholeMs * 1000);
      const base = hasPrefix ? at + (prefixes[index] as number) : at;
      patch(target, base, slots[index] as Uint32Array, word, seq, pages.bytes);
      at += bytes.length;
      if (ends !== undefined) ends[count] = at;
    }
    filled.eventCount = count;
    filled.endOffset = at;
    return filled;
  }

  const eventBytesMax = templates.reduce((max, t) => Math.max(max, t.bytes.length), 0);
  return { fill, eventBytesMax };
}

function renderTemplates(options: GeneratorOptions): readonly Template[] {
  const draw = new Draw(options.seed);
  const templates: Template[] = [];
  const templateCount = CYCLIC_TEMPLATE_COUNTS[options.profile] ?? TEMPLATE_COUNT;
  for (const { kind, share } of PROFILES[options.profile]) {
    const count = (templateCount * share) / 1000;
    for (let index = 0; index < count; index++)
      templates.push(renderTemplate(kind, options.rfc, options.runId, draw));
  }
  return templates;
}

/** The event with a NUL for its newline. */
function nulEnded(template: Template): Uint8Array {
  const bytes = Uint8Array.from(template.bytes.subarray(template.prefixLength));
  bytes[bytes.length - 1] = 0;
  return bytes;
}

/** Overwrites the slots of the event that starts at `base`. One draw gives four characters. */
function patch(
  target: Uint8Array,
  base: number,
  slots: Uint32Array,
  seedWord: number,
  seq: number,
  pages: Uint8Array,
): void {
  let word = seedWord;
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index] as number;
    const kind = slot >>> 24;
    const width = (slot >>> 16) & 0xff;
    let at = base + (slot & 0xffff);
    const end = at + width;
    if (kind >= SLOT.clock) {
      let from = PAGE_STARTS[kind - SLOT.clock] as number;
      while (at < end) target[at++] = pages[from++] as number;
    } else if (kind === SLOT.sequence) {
      writeSequence(target, end, seq);
    } else if (kind <= SLOT.number) {
      word = writeDigits(target, at, end, word);
      // The first digit of a number is not 0.
      if (kind === SLOT.number && target[at] === 48) target[at] = 49 + (word >>> 29);
    } else {
      word = writeCharacters(target, at, end, word, kind === SLOT.hex ? HEX : TOKEN);
    }
  }
}

function writeDigits(target: Uint8Array, start: number, end: number, seedWord: number): number {
  let word = seedWord;
  for (let at = start; at < end; at += 4) {
    word = nextWord(word);
    let pool = word >>> 0;
    const stop = Math.min(at + 4, end);
    for (let digit = at; digit < stop; digit++) {
      const rest = (pool / 10) | 0;
      target[digit] = 48 + ((pool - rest * 10) & 0xff);
      pool = rest >>> 0;
    }
  }
  return word;
}

function writeCharacters(
  target: Uint8Array,
  start: number,
  end: number,
  seedWord: number,
  alphabet: Uint8Array,
): number {
  let word = seedWord;
  const mask = alphabet.length - 1;
  for (let at = start; at < end; at += 4) {
    word = nextWord(word);
    const stop = Math.min(at + 4, end);
    let pool = word;
    for (let character = at; character < stop; character++) {
      target[character] = alphabet[pool & mask] as number;
      pool >>>= 6;
    }
  }
  return word;
}

/** Ten digits that end before `end`. */
function writeSequence(target: Uint8Array, end: number, seq: number): void {
  const high = Math.floor(seq / 100_000);
  let low = seq - high * 100_000;
  let rest = high;
  for (let digit = 1; digit <= 5; digit++) {
    const nextLow = (low / 10) | 0;
    const nextRest = (rest / 10) | 0;
    target[end - digit] = 48 + (low - nextLow * 10);
    target[end - digit - 5] = 48 + (rest - nextRest * 10);
    low = nextLow;
    rest = nextRest;
  }
}
