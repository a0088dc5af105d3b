// The files of someone's project, for packed.test.ts.

const tsconfig = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    declaration: true,
    skipLibCheck: false,
    types: ['node'],
  },
  include: ['src'],
};

const vip = `
import { isMainThread } from 'node:worker_threads';
import { defineEnricher, defineFilter, type ReadEvent } from '@weir/pipeline';

export interface VipOptions {
  readonly addresses?: readonly string[];
}

export const vip = defineEnricher({
  name: 'vip',
  adds: { 'labels.vip': 'boolean', 'labels.thread': 'string' },
  create: ({ addresses = [] }: VipOptions) => new Set(addresses),
  enrich(event, known) {
    const address: string | undefined = event.get('src_endpoint.ip');
    event.set('labels.vip', address !== undefined && known.has(address));
    event.set('labels.thread', isMainThread ? 'main' : 'worker');
  },
});
export default vip;

type Vip = { 'labels.vip': 'boolean' };
export const noDebug = defineFilter({
  name: 'no_debug',
  keep(event: ReadEvent<Vip>) {
    const isVip: boolean | undefined = event.get('labels.vip');
    return isVip === true || !event.rawText().includes('debug');
  },
});
`;

const vipTest = `
import assert from 'node:assert/strict';
import test from 'node:test';
import { testEnricher, testEvent, testFilter } from '@weir/pipeline/testing';
import vip, { noDebug } from './vip.js';

testEnricher(test, vip, {
  options: { addresses: ['192.0.2.7'] },
  examples: [
    { fields: { 'src_endpoint.ip': '192.0.2.7' }, expected: { 'labels.vip': true } },
    { expected: { 'labels.vip': false, 'labels.thread': 'main' } },
  ],
});
test('the filter', (t) =>
  testFilter(t, noDebug, {
    needs: { 'labels.vip': 'boolean' },
    examples: [{ raw: 'debug', isKept: false }, { raw: 'other', isKept: true }],
  }));
test('one event', () => {
  const { event } = testEvent({ fields: { 'src_endpoint.ip': '192.0.2.7' }, adds: vip.adds });
  vip.enrich(event, new Set(['192.0.2.7']));
  assert.equal(event.get('labels.vip'), true);
});
`;

const pipeline = `
import { file, http, pipeline, syslog } from '@weir/pipeline';
import vip, { noDebug } from './vip.js';

export default pipeline()
  .source('edge', syslog({ listen: '127.0.0.1:0', protocols: ['tcp'] }))
  .source('api', http({ listen: '127.0.0.1:0' }))
  .enrich('vip', vip, { addresses: ['192.0.2.7'] })
  .filter('no_debug', noDebug)
  .sink('lines', file({ path: './out/from-code.ndjson' }));
`;

const toml = `
[sources.edge]
type = "syslog"
listen = "127.0.0.1:0"
protocols = ["tcp"]

[sources.api]
type = "http"
listen = "127.0.0.1:0"

[transforms.vip]
type = "enrich"
inputs = ["edge", "api"]
module = "./dist/vip.js"
options = { addresses = ["192.0.2.7"] }

[transforms.no_debug]
type = "filter"
inputs = ["vip"]
module = "./dist/vip.js"
export = "noDebug"

[sinks.lines]
type = "file"
inputs = ["no_debug"]
path = "./out/from-toml.ndjson"
`;

export const files = {
  'tsconfig.json': JSON.stringify(tsconfig),
  'src/vip.ts': vip,
  'src/vip.test.ts': vipTest,
  'src/pipeline.ts': pipeline,
  'weir.toml': toml,
} as const;

/** Syslog lines: of the list, not of it, filtered. */
export const lines = [
  '<134>1 2026-03-01T12:00:00Z fw1 app 1 - - {"src_ip":"192.0.2.7","message":"one"}',
  '<134>1 2026-03-01T12:00:00Z fw1 app 1 - - {"src_ip":"192.0.2.8","message":"two"}',
  '<134>1 2026-03-01T12:00:00Z fw1 app 1 - - {"src_ip":"192.0.2.8","message":"debug"}',
] as const;

export const items = [
  { src_ip: '192.0.2.7', message: 'one' },
  { src_ip: '192.0.2.8', message: 'two' },
  { src_ip: '192.0.2.8', message: 'debug' },
] as const;
