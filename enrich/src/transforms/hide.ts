// Values that are not to leave this node as they are: redacted, or replaced by a keyed hash. All
// are read before the first is written, so that two fields of one value come out alike.
import { createHmac } from 'node:crypto';
import {
  FIELD_BY_PATH,
  FIELDS,
  type HashDocument,
  LIMITS,
  type LiveRow,
  type RedactDocument,
} from '@weir/pipeline';

type Value = string | number | boolean;
const MASK = '***';

export function redact(document: RedactDocument): (event: LiveRow) => void {
  const { mode = 'mask', keep_last: keepLast = 0, raw_data: raw = 'mask' } = document;
  return hide(document.fields, raw === 'mask', (value) =>
    mode === 'remove' ? undefined : masked(String(value), keepLast),
  );
}

/** Not the length of what was there either. What is not longer than `keepLast` is masked whole. */
function masked(text: string, keepLast: number): string {
  return keepLast > 0 && text.length > keepLast ? `${MASK}${text.slice(-keepLast)}` : MASK;
}

export function hash(document: HashDocument): (event: LiveRow) => void {
  const { key, digits = 64, raw_data: raw = 'mask' } = document;
  const known = new Map<string, string>();
  return hide(document.fields, raw === 'mask', (value) => {
    const text = String(value);
    let found = known.get(text);
    if (found === undefined) {
      found = createHmac('sha256', key).update(text).digest('hex').slice(0, digits);
      if (known.size >= LIMITS.hashedValuesMax) known.clear();
      known.set(text, found);
    }
    return found;
  });
}

function hide(
  fields: readonly string[],
  isReceivedMasked: boolean,
  hidden: (value: Value) => string | undefined,
): (event: LiveRow) => void {
  // A number has no place for another text.
  const removed = new Set(fields.filter(isNumber));
  const values: (Value | undefined)[] = new Array(fields.length).fill(undefined);
  return (event) => {
    let isFound = false;
    for (let i = 0; i < fields.length; i++) {
      values[i] = event.valueAt(fields[i] as string);
      if (values[i] !== undefined) isFound = true;
    }
    if (!isFound) return;
    if (isReceivedMasked) for (const path of fields) event.maskReceived(path);
    for (let i = 0; i < fields.length; i++) {
      const value = values[i];
      const path = fields[i] as string;
      if (value === undefined) continue;
      const text = removed.has(path) ? undefined : hidden(value);
      // A key that came twice has two values.
      event.delete(path);
      if (text !== undefined) event.set(path, text);
    }
  };
}

function isNumber(path: string): boolean {
  const field = FIELD_BY_PATH.get(path);
  return field !== undefined && FIELDS[field]?.kind === 'number';
}
