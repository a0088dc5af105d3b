// What a message without a template still says for certain: `from A to B`, `src A dst B`, the user
// behind its label, an interface. Only what is labelled is taken, and an address only when it is
// one: a lone address in a sentence could be anything.
import { at, EQUALS, isDigit, isLetter, SPACE, skipSpaces } from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { KeyTable } from '../text/key-table.js';
import { type EndpointReader, readEndpoint } from './endpoint.js';
import { SIDE, SPECIAL } from './targets.js';
import type { TemplateSet } from './template.js';

const LABEL = { source: 1, destination: 2, user: 3, peer: 4 } as const;
const labels = new KeyTable([
  ['from', LABEL.source],
  ['src', LABEL.source],
  ['SRC', LABEL.source],
  ['source', LABEL.source],
  ['to', LABEL.destination],
  ['dst', LABEL.destination],
  ['dest', LABEL.destination],
  ['DEST', LABEL.destination],
  ['user', LABEL.user],
  ['User', LABEL.user],
  ['Username', LABEL.user],
  ['username', LABEL.user],
  ['Uname', LABEL.user],
  ['IP', LABEL.peer],
]);
const LABEL_BYTES_MAX = 8;
const USER_BYTES_MAX = 256;

/** One endpoint that is kept until it is known to hold an address. */
class Pending implements EndpointReader {
  readonly spans = new Int32Array(3 * 16);
  count = 0;
  address = -1;

  value(target: number, start: number, end: number): void {
    if (this.count >= 16 || start >= end) return;
    if (target >> 1 === SIDE.address >> 1) this.address = this.count;
    this.spans.set([target, start, end], this.count * 3);
    this.count++;
  }
}
const pending = new Pending();

/** Finds the values of bytes[start, end) and leaves them in `values`. */
export function readGeneric(
  bytes: Uint8Array,
  start: number,
  end: number,
  values: TemplateSet,
): void {
  values.count = 0;
  let found = 0;
  let position = start;
  while (position < end) {
    const first = position;
    while (position < end && isLetter(bytes[position] as number)) position++;
    const length = position - first;
    if (length > 1 && length <= LABEL_BYTES_MAX && isWordStart(bytes, first, start)) {
      const label = labels.lookup(bytes, first, position);
      // The first of each kind counts: what follows is quoted or explained.
      if (label !== 0 && (found & (1 << label)) === 0) {
        const next = readLabelled(bytes, label, position, end, values);
        if (next > 0) {
          found |= 1 << label;
          if (label === LABEL.peer) found |= 1 << LABEL.source;
          if (label === LABEL.source) found |= 1 << LABEL.peer;
          position = next;
          continue;
        }
      }
    }
    position = Math.max(position, first + 1);
  }
}

/** A word begins the text, or stands behind a space or a mark. */
function isWordStart(bytes: Uint8Array, position: number, start: number): boolean {
  if (position === start) return true;
  const byte = bytes[position - 1] as number;
  return byte === SPACE || byte === 0x2c || byte === 0x28 || byte === 0x5b || byte === 0x3b;
}

/** Position behind the value of the label, 0 when there is none. */
function readLabelled(
  bytes: Uint8Array,
  label: number,
  behind: number,
  end: number,
  values: TemplateSet,
): number {
  let position = skipSpaces(bytes, behind, end);
  const mark = at(bytes, position, end);
  const isMarked = mark === EQUALS || mark === 0x3a;
  if (isMarked) position = skipSpaces(bytes, position + 1, end);
  if (label === LABEL.user) return readUser(bytes, position, end, isMarked, values);
  if (at(bytes, position, end) === 0x3c) position++;
  if (label === LABEL.peer && !isDigit(at(bytes, position, end))) return 0;
  const side = label === LABEL.destination ? 1 : 0;
  pending.count = 0;
  pending.address = -1;
  const stop = readEndpoint(bytes, position, end, side, pending);
  if (stop < 0 || pending.address < 0) return 0;
  const { spans } = pending;
  const at3 = pending.address * 3;
  if (!isIp(bytes, spans[at3 + 1] as number, spans[at3 + 2] as number)) return 0;
  for (let i = 0; i < pending.count; i++)
    values.value(spans[i * 3] as number, spans[i * 3 + 1] as number, spans[i * 3 + 2] as number);
  return stop;
}

/** `'alice'`, `"alice"`, `<alice>`, and behind `=` or `:` a bare word. */
function readUser(
  bytes: Uint8Array,
  start: number,
  end: number,
  isMarked: boolean,
  values: TemplateSet,
): number {
  const open = at(bytes, start, end);
  const close = open === 0x3c ? 0x3e : open;
  const isQuoted = open === 0x3c || open === 0x22 || open === 0x27;
  if (!isQuoted && !isMarked) return 0;
  const first = isQuoted ? start + 1 : start;
  let stop = first;
  const limit = Math.min(end, first + USER_BYTES_MAX);
  while (stop < limit) {
    const byte = bytes[stop] as number;
    if (isQuoted ? byte === close : byte === SPACE || byte === 0x2c || byte === 0x3b) break;
    stop++;
  }
  if (isQuoted && at(bytes, stop, end) !== close) return 0;
  if (stop === first) return 0;
  values.value(SPECIAL.user, first, stop);
  return isQuoted ? stop + 1 : stop;
}
