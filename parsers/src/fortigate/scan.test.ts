// Scenario: random texts of quotes, backslashes, separators and keys behind a FortiGate beginning,
// several events in a batch, compared with a reading of the same rules on strings.
// Guarantees: keys and values are found where they stand, up to the last byte of a batch; what is
//   no pair makes the event partial; escapes are taken out.
import { ColumnWriter, type EventBatch, STATUS } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_303);
const options = { seed, numRuns: process.env.WEIR_LONG === '1' ? 100_000 : 3_000 };

/** The rules, one character after the other. */
function readSlowly(text: string, separator: string): { pairs: string[][]; isWhole: boolean } {
  const end = text.replace(/[ \n\r\0\t]+$/, '').length;
  const isSeparator = (at: number): boolean => text[at] === ' ' || text[at] === separator;
  const pairs: string[][] = [];
  let isWhole = true;
  let at = 0;
  while (at < end) {
    if (isSeparator(at)) {
      at++;
      continue;
    }
    let stop = at;
    while (stop < end && text[stop] !== '=' && text[stop] !== separator) stop++;
    if (stop === end || text[stop] !== '=') {
      isWhole = false;
      at = stop;
      continue;
    }
    const key = text.slice(at, stop);
    at = stop + 1;
    let value = '';
    if (at < end && text[at] === '"') {
      at++;
      while (at < end && !(text[at] === '"' && (at + 1 === end || isSeparator(at + 1)))) {
        const isEscape = text[at] === '\\' && at + 1 < end && '"\\'.includes(text[at + 1] ?? '');
        if (isEscape) at++;
        value += text[at++];
      }
      if (at === end) isWhole = false;
      at++;
    } else while (at < end && text[at] !== separator) value += text[at++];
    pairs.push([key, value]);
  }
  return { pairs, isWhole };
}

const decoder = new TextDecoder();

function pairsOf(batch: EventBatch, row: number): string[][] {
  const { unmapped, raw, scratch } = batch;
  const textOf = (start: number, end: number): string => {
    const shift = raw.bytes.length;
    const isInBytes = start < shift || end <= shift;
    return decoder.decode(
      isInBytes ? raw.bytes.subarray(start, end) : scratch.subarray(start - shift, end - shift),
    );
  };
  const pairs: string[][] = [];
  for (let i = 0; i < unmapped.length; i += 5) {
    const [at, keyStart, keyEnd, start, end] = unmapped.subarray(i, i + 5) as unknown as number[];
    if (at === row)
      pairs.push([
        textOf(keyStart as number, keyEnd as number),
        textOf(start as number, end as number),
      ]);
  }
  return pairs;
}

function compare(begin: string, separator: string): void {
  const writer = new ColumnWriter();
  const piece = fc.constantFrom(
    '=',
    '"',
    '\\',
    ' ',
    ',',
    'x',
    'yy',
    'k1=',
    ' k2="',
    '" ',
    '\\"',
    'z9',
  );
  const tails = fc.array(
    fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(tails, (list) => {
      const parsed = parseBatch(batchOf(list.map((tail) => utf8(begin + tail))), writer);
      return list.every((tail, row) => {
        const { pairs, isWhole } = readSlowly(begin + tail, separator);
        const expected = pairs.filter(([key]) => !KNOWN.has(key as string));
        const status = isWhole ? STATUS.parsed : STATUS.partial;
        const isSame = JSON.stringify(pairsOf(parsed, row)) === JSON.stringify(expected);
        return isSame && parsed.status[row] === status;
      });
    }),
    options,
  );
}

/** Keys of the beginnings below: they have columns. */
const KNOWN = new Set(['date', 'type', 'logid']);

t.test('separated by spaces', (t) => {
  compare('type="traffic" logid="0000000013" ', ' ');
  t.pass(`seed ${seed}`);
  t.end();
});

t.test('separated by commas', (t) => {
  compare('date=2026-03-01,type="traffic",logid="0000000013",', ',');
  t.pass(`seed ${seed}`);
  t.end();
});
