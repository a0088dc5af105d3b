// Scenario: events that grow in one place: a delimiter, a quote, a key, a piece of markup comes
// again
//   and again, in the shapes below and at some places of every golden case (WEIR_LONG=1: of all).
// Guarantees: an event eight times as long takes about eight times as long. Times are only compared
//   with each other, and the best of several is taken: what grows with the square takes 64 times.
import { ColumnWriter, type InputFormat } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf } from '../testing.js';
import { readFixtures } from './fixtures.js';

const SMALL_BYTES = 16 * 1024;
const FACTOR = 8;
/** How much more a byte of the long event may cost than one of the short event. */
const GROWTH_MAX = 4;
const TRIES_MAX = 8;
const isLong = process.env.WEIR_LONG === '1';
const LINE_STEP = isLong ? 1 : 24;
const PLACES = isLong ? 8 : 3;

const UNITS: readonly string[] = [
  ...[
    ' ',
    '"',
    "'",
    '\\',
    '=',
    ',',
    ';',
    '|',
    ':',
    '.',
    '/',
    '(',
    ')',
    '[',
    '{',
    '<',
    '&',
    '%',
    '0',
  ],
  ...[
    'a',
    'a=',
    ' a=',
    'a="',
    '" ',
    '",',
    '""',
    '\\"',
    ' (',
    ' from ',
    ' to ',
    ' for ',
    ' user ',
    ': ',
  ],
  ...[
    '{"a":',
    '{},',
    '[0]',
    '<a>',
    '<a/>',
    '</a',
    '&amp;',
    '<!---->',
    '<![CDATA[x]]>',
    'IN=',
    '\t',
    '\n',
  ],
];
const XML = "<13><Event xmlns='x'><System><EventID>1</EventID></System><EventData>";
const CISCO = '<166>Mar  1 2026 11:00:00: %ASA-6-';
/** What stands in front, what comes again, and what stands behind. */
const SHAPES: readonly (readonly [before: string, unit: string, behind: string])[] = [
  [`${XML}<Data Name='a'>`, '<!-- -->x', '</Data></EventData></Event>'],
  [`${XML}<Data Name='a'>`, '<![CDATA[x]]>', '</Data></EventData></Event>'],
  [XML, "<Data Name='a'>x</Data>", '</EventData></Event>'],
  ['<13>user=', ' ', 'b=c'],
  ['<13>a=b;', ' ; ', 'x'],
  [`${CISCO}113005: AAA user authentication Rejected : reason =`, ' ', 'x'],
  [`${CISCO}113005: AAA user authentication Rejected : reason = a : server = `, ' : user = ', 'x'],
  [`${CISCO}302013: Built inbound TCP connection 42 for outside:192.0.2.5/4000 `, '(', 'x'],
  [`${CISCO}999999: `, 'from x:', ''],
  ['<189>1: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: ', '] [Source: ', 'x'],
  ['<4>Mar  1 11:00:00 gate kernel: ', 'IN=', ' OUT='],
  ['<38>Mar  1 11:00:00 gate sshd[1]: Failed password for invalid user ', ' from ', 'x'],
  [
    '<38>Mar  1 11:00:00 gate sshd[1]: Disconnecting x',
    ': Change of username or service not allowed: ',
    '',
  ],
  ['<85>Mar  1 11:00:00 gate sudo: alice : TTY=x ; ENV=', ' ; ENV=a', 'x'],
  ["<13>type=USER_LOGIN msg=audit(1.1:1): pid=1 msg='", 'acct=" ', ''],
  ['<13>CEF:0|a|b|c|d|e|5|', ' cs1Label=x cs1=y', ''],
];

const writer = new ColumnWriter();
/** Least CPU time of three, in microseconds: other work on the machine does not count. */
function timeOf(event: Uint8Array, format: InputFormat, times: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const batch = batchOf(new Array<Uint8Array>(times).fill(event), { format });
    const start = process.cpuUsage();
    parseBatch(batch, writer);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, user + system);
  }
  return Math.max(best, 1);
}

function grown(before: Uint8Array, unit: string, behind: Uint8Array, bytes: number): Uint8Array {
  const middle = unit.repeat(Math.ceil(bytes / unit.length));
  return Buffer.concat([before, Buffer.from(middle), behind]);
}

/** The least growth that was seen; one that is small enough ends the search. */
function growthOf(before: Uint8Array, unit: string, behind: Uint8Array): number {
  const format: InputFormat = before[0] === 0x7b ? 'json' : 'syslog';
  const small = grown(before, unit, behind, SMALL_BYTES);
  const large = grown(before, unit, behind, SMALL_BYTES * FACTOR);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES_MAX && least > GROWTH_MAX; i++) {
    // As many bytes in short events as in the long one.
    const ratio = timeOf(large, format, 1) / timeOf(small, format, FACTOR);
    least = Math.min(least, (ratio * small.length * FACTOR) / large.length);
  }
  return least;
}

t.test('shapes', (t) => {
  t.setTimeout(3_600_000);
  for (const [before, unit, behind] of SHAPES) {
    const growth = growthOf(Buffer.from(before), unit, Buffer.from(behind));
    t.ok(growth <= GROWTH_MAX, `${before.slice(0, 60)} ... ${unit}: ${growth.toFixed(1)}`);
  }
  t.end();
});

t.test('golden cases', (t) => {
  t.setTimeout(3_600_000);
  const lines = readFixtures().filter((_, index) => index % LINE_STEP === 0);
  let checked = 0;
  lines.forEach((line, index) => {
    for (let place = 1; place <= PLACES; place++) {
      const at = Math.floor((line.length * place) / PLACES);
      for (const [number, unit] of UNITS.entries()) {
        // Each line has some of the pieces, all lines together have all.
        if (!isLong && (number + index + place) % 4 !== 0) continue;
        const growth = growthOf(line.subarray(0, at), unit, line.subarray(at));
        checked++;
        if (growth > GROWTH_MAX)
          t.fail(`${Buffer.from(line.subarray(0, at)).toString()} ${unit}: ${growth.toFixed(1)}`);
      }
    }
  });
  t.ok(checked > lines.length, `${checked} events grew`);
  t.end();
});
