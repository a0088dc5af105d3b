// What is sent: orders of a device whose parser is broken at first, and things that no parser can
// mend. Numbers tell the orders apart, whatever table they are in.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reasons that the broken parser of the proof gives; requeued once it is fixed. */
const OWN_REASONS = [
  ...['parse_error', 'schema_invalid', 'missing_field', 'timestamp_invalid'],
  ...['timestamp_out_of_range', 'encoding_invalid', 'tenant_unknown', 'unsupported_type'],
] as const;

/** Reasons that listeners and packs give by themselves. */
const MADE_REASONS = ['oversize', 'json_invalid', 'depth_exceeded', 'framing_invalid'] as const;
/** A module that throws gives it. */
const THROWN_REASON = 'component_failed';

/** What the sources ask for (requirements, appendix C). */
export const ASKED_REASONS = [
  ...['parse_error', 'schema_invalid', 'missing_field', 'timestamp_invalid'],
  ...['timestamp_out_of_range', 'oversize', 'encoding_invalid', 'tenant_unknown'],
  'unsupported_type',
] as const;
/** Those and the ones that Weir adds. */
export const KNOWN_REASONS: readonly string[] = [
  ...OWN_REASONS,
  ...MADE_REASONS,
  THROWN_REASON,
  'framing_incomplete',
];

/** Writes the module of the configuration; `isFixed`: as it is after somebody mended it. */
export function writeParser(directory: string, isFixed: boolean): string {
  const body = isFixed
    ? ''
    : `if (order.reason === '${THROWN_REASON}') throw new Error('a defect of the parser');
    if (order.reason) {
      event.reject(order.reason);
      return true;
    }`;
  writeFileSync(
    join(directory, 'orders.js'),
    `export default {
  kind: 'parser',
  name: 'orders',
  version: '${isFixed ? 2 : 1}',
  parse(event) {
    const text = event.text();
    if (!text.startsWith('{"order"')) return false;
    const order = JSON.parse(text);
    ${body}
    event.set('class_uid', 6003);
    event.set('metadata.uid', String(order.order));
    return true;
  },
};
`,
  );
  const path = join(directory, 'weir.toml');
  writeFileSync(
    path,
    `[transforms.orders]
type = "parse"
inputs = ["*"]
module = "./orders.js"
`,
  );
  return path;
}

/** Every second order is one that the broken parser does not take. */
export function orderLine(number: number): string {
  const reasons = [...OWN_REASONS, THROWN_REASON];
  const reason = number % 2 === 0 ? '' : reasons[((number - 1) / 2) % reasons.length];
  return JSON.stringify({ order: number, reason, text: 'x'.repeat(80) });
}

/** One event each that goes to quarantine whatever parsers there are, by HTTP. */
export const BROKEN_ITEMS: readonly string[] = [
  '{"never": closed',
  '{"deep":'.repeat(80) + '1'.padEnd(81, '}'),
  `{"long":"${'y'.repeat(1_100_000)}"}`,
];
/** And by TCP: a wrong octet count. */
export const BROKEN_FRAME = '0012 <13>wrong count';

/** The number of an order, in SQL. */
export const ORDER_NUMBER = 'extract(raw_data, \'^\\\\{"order":([0-9]+)\')';
