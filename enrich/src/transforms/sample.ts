// One in so many events, chosen by a hash of the event's identity, or of a field: whoever looks at
// an event again chooses the same.
import { type Adds, compileCondition, type LiveRow, type SampleDocument } from '@weir/pipeline';
import { finished, HASH_START, KIND, unfinished } from '../table/layout.js';

/** True for events that are kept. */
export function sample(document: SampleDocument, adds: Adds): (event: LiveRow) => boolean {
  const { keep_one_in: keepOneIn, condition, field } = document;
  const isSampled = condition === undefined ? () => true : compileCondition(condition, { adds });
  return (event) => {
    if (!isSampled(event)) return true;
    const value = field === undefined ? undefined : event.valueAt(field);
    const hash = value === undefined ? identityHash(event) : textHash(HASH_START, String(value));
    return finished(hash, KIND.text) % keepOneIn === 0;
  };
}

/** Tenant, stream, epoch and number name an event for ever. */
function identityHash(event: LiveRow): number {
  let hash = textHash(HASH_START, event.tenant);
  hash = textHash(hash, event.stream);
  hash = textHash(hash, event.epoch.toString(16));
  return textHash(hash, String(event.seq));
}

function textHash(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    hash = unfinished(unfinished(hash, character & 255), character >> 8);
  }
  return hash;
}
