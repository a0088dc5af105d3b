// The kit under node:test, for conformance.test.ts, which runs this file as a process of its own.
import { describe, test } from 'node:test';
import { testEnricher, testFilter, testParser } from '../index.js';
import { doorParser, siteEnricher } from './sample-components.js';

testParser(test, doorParser, {
  options: { kinds: ['door'] },
  examples: [{ raw: 'door|north|granted', fields: { 'door.name': 'north' } }],
});
test('within a test', (t) =>
  testEnricher(t, siteEnricher, {
    options: { sites: { '192.0.2.': 'berlin' } },
    examples: [
      { fields: { 'src_endpoint.ip': '192.0.2.7' }, expected: { 'labels.site': 'berlin' } },
    ],
  }));
describe('within a suite', () => {
  testFilter({ test }, () => {
    if (process.env.WEIR_TEST_FAULT === '1') throw new Error('no');
    return true;
  });
});
