// Components as people write them, for the tests of the worker.
import { defineEnricher, defineFilter, defineParser, FIELD } from '@weir/pipeline';

export default defineEnricher({
  name: 'vip',
  adds: { 'labels.vip': 'boolean', 'labels.count': 'number' },
  create: ({ addresses = [] }: { addresses?: string[] }) => new Set(addresses),
  enrich(event, addresses) {
    event.set('labels.vip', addresses.has(event.get('src_endpoint.ip') ?? ''));
    event.set('labels.count', addresses.size);
  },
});

/** Throws on some events, in the middle of its work. */
export const failing = defineEnricher({
  name: 'failing',
  enrich(event) {
    event.set('labels.begun', true);
    event.set('message', 'changed');
    event.delete('type');
    if (event.rawText().includes('bad')) throw new Error('cannot enrich this');
  },
});

/** A function alone is an enricher. */
export function plain(event: import('@weir/pipeline').Event): void {
  event.set('labels.plain', event.source);
}

export const noAsync = {
  kind: 'enricher',
  name: 'no_async',
  // An async function would be refused at the start; this one is found out by its first event.
  enrich: () => Promise.resolve(),
};

export const keeps = defineFilter({
  name: 'keeps',
  keep(event) {
    const text = event.rawText();
    if (text.includes('bad')) throw new Error('cannot decide');
    if (text.includes('odd')) return undefined as unknown as boolean;
    return !text.includes('drop');
  },
});

export const rejects = defineEnricher({
  name: 'rejects',
  enrich(event) {
    if (event.rawText().includes('wrong')) event.reject('schema_invalid');
  },
});

export const pipes = defineParser({
  name: 'pipes',
  version: '2',
  adds: { 'labels.words': 'number' },
  parse(event) {
    const text = event.text();
    if (text.includes('bad')) throw new Error('cannot parse this');
    if (text.includes('reject')) event.reject('missing_field');
    const words = text.split('|');
    if (words.length < 2) return false;
    event.set('src_endpoint.ip', words[0] ?? '');
    event.set('app_name', words[1] ?? '');
    event.set('labels.words', words.length);
    return true;
  },
});

export const bytes = defineParser({
  name: 'bytes',
  parseBytes(batch, row, start, end, out) {
    if (batch.bytes[start] === 0x21) out.number(row, FIELD.message, 7);
    out.span(row, FIELD.message, start, end);
    out.code(row, FIELD.metadata_product_name, 'Mine');
    return 'partial';
  },
});

export const cannotBeCreated = defineEnricher({
  name: 'cannot_be_created',
  create() {
    throw new Error('the file is missing');
  },
  enrich() {},
});

export const nothing = 7;
