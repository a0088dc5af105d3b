// Scenario: docs/bad-input.md and the taxonomy, side by side.
// Guarantees: whatever Weir can mark, quarantine, refuse or lose is explained there, and the page
// names nothing that does not exist.
import { readFileSync } from 'node:fs';
import { LIMITS, LOSS_CAUSES, MARK, QUARANTINE_REASONS, REFUSAL_CAUSES } from '@weir/pipeline';
import t from 'tap';
import { BODY_LIMITS } from './http/body.js';
import { limitsOf } from './http/ingest-limits.js';
import { HTTP_SERVER_LIMITS } from './http/server.js';

const INGEST = limitsOf({});
const page = readFileSync(new URL('../../../docs/bad-input.md', import.meta.url), 'utf8');
const lines = page.split('\n');
const named = (prefix: string): Set<string> =>
  new Set(
    [...page.matchAll(new RegExp(`${prefix} \`([a-z_]+)\``, 'g'))].map(([, name]) => name ?? ''),
  );
const sorted = (names: Iterable<string>): string[] => [...names].sort();

t.test('every name of the taxonomy is explained', (t) => {
  for (const name of [...Object.keys(MARK), ...QUARANTINE_REASONS])
    t.ok(page.includes(`\`${name}\``), `mark ${name}`);
  t.same(sorted(named('refused')), sorted(REFUSAL_CAUSES), 'the refusals, no more and no less');
  t.same(sorted(named('lost')), sorted(LOSS_CAUSES), 'the losses, no more and no less');
  t.same(sorted(named('discarded')), sorted(REFUSAL_CAUSES), 'each refusal with its counter');
  t.end();
});

t.test('the page names nothing that does not exist', (t) => {
  const causes: readonly string[] = [...REFUSAL_CAUSES, ...LOSS_CAUSES];
  const known = new Set([...Object.keys(MARK), ...causes]);
  for (const name of named('quarantined')) t.ok(name in MARK, `quarantined ${name}`);
  for (const line of lines.filter((other) => other.startsWith('| '))) {
    const cells = line.replace(/errors `[a-z_]+`/g, '').matchAll(/`([a-z]+_[a-z_]+)`/g);
    for (const [, name] of cells) t.ok(known.has(name ?? ''), `${name} is of the taxonomy`);
  }
  t.end();
});

t.test('a mark in quarantine is a reason', (t) => {
  const reasons: readonly string[] = QUARANTINE_REASONS;
  for (const name of named('quarantined')) t.ok(reasons.includes(name), name);
  t.end();
});

t.test('the figures are those of the code', (t) => {
  const figures = [
    ['64 KiB', LIMITS.syslogMessageBytesMax === 64 * 1024],
    ['64 MiB', LIMITS.tcpPartialBytesMax === 64 * 1024 * 1024],
    ['60 s', LIMITS.tcpPartialMessageIdleMs === 60_000],
    ['10,000 connections', LIMITS.tcpConnectionsMax === 10_000],
    ['more than 7 digits', LIMITS.octetCountDigitsMax === 7],
    ['1 MiB', LIMITS.httpItemBytesMax === 1024 * 1024],
    ['body over 16 MiB', BODY_LIMITS.httpBodyBytesMax === 16 * 1024 * 1024],
    ['100,000 items', LIMITS.httpItemCountMax === 100_000],
    ['deeper than 64', LIMITS.jsonDepthMax === 64],
    ['more than 16 bodies', LIMITS.httpRequestsInFlightMax === 16],
    ['one of 16 places', LIMITS.httpRequestsInFlightMax === 16],
    ['bodies of a listener over 64 MiB', LIMITS.httpBodiesBytesMax === 64 * 1024 * 1024],
    ['bodies of one address over 32 MiB', LIMITS.httpPeerBodiesBytesMax === 32 * 1024 * 1024],
    ['more than 2,500 of them', LIMITS.httpPeerBodiesMax === 2_500],
    ['decompressed ones at most 32 MiB', LIMITS.httpDecodedBytesMax === 32 * 1024 * 1024],
    ['waits 5 s for its turn', LIMITS.httpDecodeWaitMs === 5_000],
    ['more than 1,024 zstd frames', LIMITS.zstdFramesPerBodyMax === 1_024],
    ['waits for space 2 s', INGEST.stopGraceMs === 2_000],
    ['not durable 7 s', INGEST.stopGraceMs + INGEST.stopDurableMs === 7_000],
    ['within the hour', LIMITS.idempotencyWindowMs === 3_600_000],
    ['headers not complete in 10 s', HTTP_SERVER_LIMITS.headersTimeoutMs === 10_000],
    ['request not complete in 120 s', HTTP_SERVER_LIMITS.requestTimeoutMs === 120_000],
    ['headers over 16 KiB', HTTP_SERVER_LIMITS.headerBytesMax === 16 * 1024],
    [
      'less than 4 KiB of a body in 5 s',
      BODY_LIMITS.bodyBytesPerCheckMin === 4_096 && BODY_LIMITS.bodyCheckMs === 5_000,
    ],
  ] as const;
  for (const [text, isTrue] of figures) t.ok(page.includes(text) && isTrue, text);
  t.end();
});
