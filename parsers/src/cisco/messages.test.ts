// Scenario: a message is written from each form of each message in the tables of the firewall and
// the router pack: every placeholder gets a value of its own kind, options are there.
// Guarantees: no form stands in the shadow of one before it so that values are lost: each value of
//   the written message is a value of the event, in a field or under unmapped; ids do not repeat.
import { ColumnWriter, EventRow } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { PIECES, TEXTS } from '../cisco-asa/messages.js';
import { MESSAGES } from '../cisco-ios/messages.js';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';
import { messagesOf } from './message-table.js';

const writer = new ColumnWriter();

/** Values by name; every other placeholder gets a word of its own. */
const VALUES: Readonly<Record<string, (index: number) => string>> = {
  src: (index) => `inside:192.0.2.${index}/4${index}`,
  dst: (index) => `outside:198.51.100.${index}/5${index}`,
  proto: () => 'tcp',
  order: () => 'inbound',
  direction: () => 'inbound',
  duration: () => '0:01:02',
  url: () => 'http://www.example.com/a',
  outcome: () => 'permitted',
  verb: () => 'Stored',
  user: (index) => `alice${index}`,
  actor: (index) => `bob${index}`,
};
const IPS = /^(src_ip|dst_ip|src_nat|dst_nat|assigned)$/;
const NUMBERS = /^(bytes|packets|hits|pid|src_port|dst_port|src_nat_port)(_in|_out)?$/;
const MACS = /^(mac|dst_mac)$/;

function sampleOf(name: string, index: number): string {
  if (IPS.test(name)) return `203.0.113.${index}`;
  if (NUMBERS.test(name)) return `6${index}`;
  if (MACS.test(name)) return `02:00:5e:00:00:${String(index).padStart(2, '0')}`;
  return VALUES[name]?.(index) ?? `w${index}${name.replaceAll('_', '')}`;
}

/** The text, and the values in it as they come out. */
function written(form: string): { text: string; values: string[] } {
  const values: string[] = [];
  let index = 10;
  const text = form
    .replaceAll(/\\([[\]])/g, (_, bracket) => (bracket === '[' ? '\u0001' : '\u0002'))
    .replaceAll(/[[\]]/g, '')
    .replaceAll('\u0001', '[')
    .replaceAll('\u0002', ']')
    .replaceAll(/\{(\w+)[*+]?\}/g, (_, name: string) => {
      const value = sampleOf(name, ++index);
      const shown: Record<string, string[]> = {
        src: [`192.0.2.${index}`, `4${index}`, 'inside'],
        dst: [`198.51.100.${index}`, `5${index}`, 'outside'],
        duration: ['62000'],
        proto: ['6'],
        order: ['1'],
        direction: ['1'],
      };
      values.push(...(shown[name] ?? [value]));
      return value;
    });
  return { text, values };
}

function everyValue(value: unknown, found: Set<string>): void {
  if (value !== null && typeof value === 'object')
    for (const inner of Object.values(value)) everyValue(inner, found);
  else found.add(String(value));
}

function check(t: Test, head: (id: string) => string, texts: readonly string[]): void {
  for (const { ids, forms } of texts.flatMap((text) => messagesOf(text, PIECES))) {
    const lost: string[] = [];
    for (const form of forms) {
      const { text, values } = written(form);
      const raw = `<166>Mar  1 2026 12:00:00 fw-edge : ${head(ids[0] as string)}: ${text}`;
      const event = new EventRow(parseBatch(batchOf([utf8(raw)]), writer)).toOcsf();
      const found = new Set<string>();
      for (const [key, value] of Object.entries(event))
        if (key !== 'raw_data' && key !== 'message') everyValue(value, found);
      for (const value of values) if (!found.has(value)) lost.push(`${value} of ${form}`);
    }
    t.strictSame(lost, [], `${ids[0]}`);
  }
}

t.test('firewall', (t) => {
  check(t, (id) => `%ASA-4-${id}`, TEXTS);
  t.end();
});

t.test('router', (t) => {
  check(t, (id) => `%SYS-4-${id}`, [MESSAGES]);
  t.end();
});

t.test('the firewall pack knows its messages', (t) => {
  const own = TEXTS.flatMap((text) => messagesOf(text, PIECES))
    .filter(({ forms }) => forms.some((form) => form.includes('{')))
    .flatMap(({ ids }) => ids);
  t.equal(new Set(own).size, own.length, 'no id stands twice');
  t.ok(own.length >= 200, `${own.length} ids with fields of their own`);
  t.end();
});
