// Scenario: someone tests an enricher and a parser of their own.
// Guarantees: the component sees what the test gives it, and the test sees what it did.
import t from 'tap';
import { defineEnricher, defineParser } from '../define/index.js';
import { testEvent } from './test-event.js';

t.test('an enricher', async (t) => {
  const enricher = defineEnricher({
    name: 'site',
    adds: { 'labels.local': 'boolean' },
    enrich: (event) => event.set('labels.local', event.source.startsWith('192.0.2.')),
  });
  const { event, toOcsf } = testEvent({
    raw: 'text',
    fields: { 'src_endpoint.port': 22 },
    adds: enricher.adds,
  });
  enricher.enrich(event, undefined);
  t.equal(event.get('labels.local'), true);
  t.match(toOcsf(), {
    src_endpoint: { port: 22 },
    unmapped: { 'labels.local': 'true' },
    raw_data: 'text',
  });
});

t.test('a parser', async (t) => {
  const parser = defineParser({
    name: 'short',
    parse(event) {
      if (event.text().length < 3) event.reject('missing_field');
      return true;
    },
  });
  const short = testEvent({ raw: 'ab' });
  const long = testEvent({ raw: Uint8Array.of(65, 66, 67), tenant: 'acme' });
  parser.parse(short.event, undefined);
  parser.parse(long.event, undefined);
  t.equal(short.rejection(), 'missing_field');
  t.equal(long.rejection(), null);
  t.equal(long.event.tenant, 'acme');
});
