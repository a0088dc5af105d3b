// What holds for any parser, whatever the bytes, and what holds for this one: node --test
import test from 'node:test';
import { testParser } from '@weir/pipeline/testing';
import parser from './parser.js';

testParser(test, parser, {
  examples: [
    { raw: 'turnstile|alice|192.0.2.10|ok', fields: { 'user.name': 'alice', status_id: 1 } },
    { raw: 'turnstile|bob|2001:db8::7|refused', fields: { 'src_endpoint.ip': '2001:db8::7' } },
    { raw: 'turnstile|bob|console|ok', fields: { 'turnstile.address': 'console' } },
    { raw: 'turnstile|alice', rejected: 'missing_field' },
    { raw: 'something else', isForeign: true },
  ],
});
