// Scenario: `weir spool` as a process of its own, on a spool of real files: whole, damaged, in use,
// and on what is no spool at all.
// Guarantees: exit codes 0, 1 and 2 as the help says; one sentence for each mistake; export gives
// back the very bytes; frames of an export are a body that another Weir takes; nothing is changed
// but by repair --yes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocateBytes, type SequencedBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers, processStart } from '@weir/pipeline/node';
import { decodeWireFrames, openSpool } from '@weir/spool';
import t, { type Test } from 'tap';

const script = `
import { Command } from 'commander';
import { spoolCommand } from '${new URL('./index.js', import.meta.url)}';
const program = new Command('weir').exitOverride();
program.addCommand(spoolCommand().copyInheritedSettings(program));
process.stdout.on('error', () => process.exit(0));
try {
  await program.parseAsync(process.argv.slice(1), { from: 'user' });
} catch (error) {
  if (error.code?.startsWith('WEIR_')) process.stderr.write('weir: ' + error.message + '\\n');
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}`;

interface Ran {
  readonly stdout: Buffer;
  readonly text: string;
  readonly stderr: string;
  readonly code: number;
}

async function spool(...args: readonly string[]): Promise<Ran> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, '--', 'spool', ...args],
    { cwd: import.meta.dirname, env: { PATH: process.env.PATH } },
  );
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  const stdout = Buffer.concat(out);
  return { stdout, text: stdout.toString(), stderr, code };
}

const EVENTS = 60;
const eventOf = (seq: number): Buffer =>
  seq === 7 ? Buffer.from([0xff, 0xfe, seq]) : Buffer.from(`<13>event "${seq}" ${'x'.repeat(80)}`);

function batchOf(stream: string, epoch: bigint, seqFirst: number, count: number): SequencedBatch {
  const events = Array.from({ length: count }, (_, i) => eventOf(seqFirst + i));
  const all = Buffer.concat(events);
  const bytes = allocateBytes(all.length);
  bytes.set(all);
  const offsets = new Uint32Array(count + 1);
  for (const [i, event] of events.entries()) offsets[i + 1] = (offsets[i] ?? 0) + event.length;
  const run = { eventCount: count, source: '192.0.2.7', sourceSeqFirst: seqFirst, context: '' };
  return {
    tenant: 'default',
    stream,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_767_225_600_123_456_789n,
    eventCount: count,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [run],
    requestParts: [],
    dispositions: [],
    epoch,
    seqFirst,
  };
}

/** A data directory with 20 frames of 3 events, of which a sink has settled two. */
async function makeData(t: Test): Promise<string> {
  const data = t.testdir({});
  const made = await openSpool({
    directory: join(data, 'spool'),
    files: nodeFiles(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    consumers: ['archive'],
    segmentBytes: 4096,
    commitIntervalMs: 0,
  });
  const stream = `${made.nodeId}/syslog_tcp/0`;
  for (let seq = 0; seq < EVENTS; seq += 3) await made.append(batchOf(stream, made.epoch, seq, 3));
  const consumer = made.consumer('archive');
  const { signal } = new AbortController();
  await consumer.read(signal);
  const second = await consumer.read(signal);
  if (second !== null) await consumer.settle(second.position);
  await made.close();
  return data;
}

const segmentsOf = (data: string): string[] =>
  readdirSync(join(data, 'spool')).filter((name) => name.endsWith('.log'));

/** CRC-32C, bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Flips a bit in the first frame of the newest segment, which no sink has settled. */
function damage(data: string): string {
  const name = segmentsOf(data).at(-1) ?? '';
  const path = join(data, 'spool', name);
  const bytes = readFileSync(path);
  bytes[192 + 40] = (bytes[192 + 40] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return name;
}

function fingerprint(data: string): string {
  const hash = createHash('sha256');
  const entries = readdirSync(data, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    hash.update(path);
    if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

t.test('whole: inspect, fsck, export, and nothing is changed', async (t) => {
  const data = await makeData(t);
  const before = fingerprint(data);
  const inspected = await spool('inspect', data, '--segments');
  t.equal(inspected.code, 0, inspected.stderr);
  t.match(inspected.text, /syslog_tcp\/0 +\d+ +0\.\.59 +60 /);
  t.match(inspected.text, /archive +54 +18 /);
  t.match(inspected.text, /^1 +sealed/m);
  const json = JSON.parse((await spool('inspect', join(data, 'spool'), '--json')).text);
  t.match(json, { totals: { eventCount: EVENTS }, runningPid: null, formatVersion: 1 });
  const checked = await spool('fsck', data);
  t.equal(checked.code, 0, checked.text);
  t.match(checked.text, /20 frames, 60 events.*\nclean: every byte checks\n$/);
  t.equal((await spool('fsck', data, '--json')).code, 0);

  const lines = (await spool('export', data)).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(lines.length, EVENTS);
  for (const [seq, line] of lines.entries()) {
    const raw = Buffer.from(line.raw, line.raw_encoding === 'base64' ? 'base64' : 'utf8');
    t.ok(raw.equals(eventOf(seq)), `event ${seq}`);
    t.match(line, { seq, source: '192.0.2.7', source_seq: seq });
  }
  t.match(lines[0], { tenant: 'default', received_at: '2026-01-01T00:00:00.123456789Z' });
  t.same(
    lines.filter((line) => line.raw_encoding !== undefined).map(({ seq }) => seq),
    [7],
  );
  const octets = await spool(
    'export',
    data,
    '--raw',
    '--framing',
    'octet',
    '--from',
    '7',
    '--to',
    '8',
  );
  const two = [eventOf(7), eventOf(8)].flatMap((one) => [Buffer.from(`${one.length} `), one]);
  t.same(octets.stdout, Buffer.concat(two));
  const pending = await spool('export', data, '--raw', '--pending-of', 'archive');
  t.equal(pending.text.split('\n').length - 1, 54);
  const none = await spool('export', data, '--stream', 'http/0');
  t.same([none.text, none.code], ['', 0]);
  t.equal(fingerprint(data), before);
});

t.test('receipts are asked of a sink that signs them, and of its name no more', async (t) => {
  const data = await makeData(t);
  mkdirSync(join(data, 'receipts', 'archive'), { recursive: true });
  const wasOfType = (type: string): void =>
    writeFileSync(join(data, 'last-run.json'), JSON.stringify({ sinks: { archive: { type } } }));
  wasOfType('clickhouse');
  const missing = await spool('fsck', data);
  t.match(missing.text, /receipts_missing|have no receipt/);
  t.equal(missing.code, 1);
  wasOfType('http');
  const changed = await spool('fsck', data);
  t.equal(changed.code, 0, changed.text);
});

t.test('frames of an export are a body of the wire', async (t) => {
  const data = await makeData(t);
  const folder = join(data, 'bodies');
  const made = await spool('export', data, '--frames', '--stream', 'syslog_tcp/0', '--out', folder);
  t.equal(made.code, 0, made.stderr);
  t.same(readdirSync(folder), ['000001.frames']);
  const decoded = await decodeWireFrames(readFileSync(join(folder, '000001.frames')));
  const batches = 'batches' in decoded ? decoded.batches : [];
  t.equal(
    batches.reduce((sum, { eventCount }) => sum + eventCount, 0),
    EVENTS,
  );
  const again = await spool('export', data, '--frames', '--out', folder);
  t.equal(again.code, 2);
  t.match(again.stderr, /is there already: name a new one\n$/);
  const toFile = join(data, 'events.ndjson');
  t.equal((await spool('export', data, '--out', toFile)).code, 0);
  t.equal(readFileSync(toFile, 'utf8').trim().split('\n').length, EVENTS);
  t.equal((await spool('export', data, '--out', toFile)).code, 2);
});

t.test('damaged: found, exported around, planned, repaired', async (t) => {
  const data = await makeData(t);
  const name = damage(data);
  const before = fingerprint(data);
  const checked = await spool('fsck', data, '--json');
  t.equal(checked.code, 1);
  const { findings } = JSON.parse(checked.text);
  t.match(findings, [{ kind: 'frames_damaged_sealed', file: `spool/${name}`, offset: 192 }]);
  const [[first, last]] = findings[0].numbers[0].ranges;
  t.equal(last - first, 2);
  const exported = await spool('export', data);
  t.equal(exported.code, 1);
  t.equal(exported.text.trim().split('\n').length, EVENTS - 3);
  t.match(exported.stderr, new RegExp(`left out frame 0 of spool/${name}, bytes 192 to`));
  const plan = await spool('repair', data);
  t.equal(plan.code, 1);
  t.match(plan.text, /nothing was done, --yes does it\n$/);
  t.equal(fingerprint(data), before);

  const holder = `${process.pid} ${processStart(process.pid)}\n`;
  writeFileSync(join(data, 'lock'), holder);
  const refused = await spool('repair', data, '--yes');
  t.equal(refused.code, 2);
  t.match(refused.stderr, new RegExp(`^weir: process ${process.pid} runs on .*; stop it first`));
  t.match((await spool('fsck', data)).text, `process ${process.pid} runs on it`);
  t.match((await spool('inspect', data)).text, `process ${process.pid} runs on it`);
  writeFileSync(join(data, 'lock'), '1 of another boot\n');

  const done = await spool('repair', data, '--yes');
  t.equal(done.code, 0, done.text + done.stderr);
  t.match(done.text, /3 events declared lost \(spool_corruption\)\nchecked again: clean\n$/);
  const manifest = readFileSync(join(data, 'spool', 'quarantine', 'manifest.ndjson'), 'utf8');
  t.match(JSON.parse(manifest), { file: `spool/${name}`, numbers: [{ ranges: [[first, last]] }] });
  t.equal((await spool('fsck', data)).code, 0);
  const twice = await spool('repair', data, '--yes');
  t.match([twice.text, twice.code], [/^nothing to do/, 0]);
});

t.test('what is no spool, and wrong usage: one sentence, exit 2', async (t) => {
  const data = await makeData(t);
  const file = join(data, 'file');
  writeFileSync(file, '');
  const folder = join(data, 'empty');
  mkdirSync(folder);
  const inside = join(data, 'odd');
  mkdirSync(inside);
  writeFileSync(join(inside, 'spool'), '');
  const cases: [string[], RegExp][] = [
    [['fsck', file], /is a file; name the data directory$/],
    [['inspect', folder], /holds no spool: name the data directory of an instance/],
    [['inspect', inside], /spool is a file; name the data directory$/],
    [['export', join(data, 'nowhere')], /nowhere does not exist$/],
    [['repair', folder], /holds no spool/],
    [['export', data, '--framing', 'octets'], /must be one of newline, octet.*mean octet\?$/],
    [['export', data, '--pending-of', 'kafka'], /no sink kafka has read.*there is archive$/],
    [['export', data, '--from', '9', '--to', '3'], /--from 9 is behind --to 3$/],
    [['export', data, '--from', '-1'], /--from must be a number of an event; got -1$/],
    [['export', data, '--raw', '--frames'], /give --raw or --frames, not both$/],
    [['fsck'], /missing required argument 'dir'/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr, text } = await spool(...args);
    t.same([code, text], [2, ''], args.join(' '));
    t.match(stderr.trim().split('\n')[0], message);
  }
  // A directory where a file belongs cannot be read, as a file without permission.
  mkdirSync(join(folder, 'spool', 'ckpt'), { recursive: true });
  for (const name of ['inspect', 'fsck', 'repair', 'export']) {
    const { code, stderr } = await spool(name, folder);
    t.equal(code, 2, name);
    t.match(stderr, /^weir: the spool in .* cannot be read: EISDIR[^\n]*\n$/);
  }
});

t.test('another version is refused and left alone', async (t) => {
  const data = await makeData(t);
  const path = join(data, 'spool', 'epochs');
  const lines = readFileSync(path, 'utf8').replace('"version":1', '"version":2').split('\n');
  const body = `${lines.slice(0, -2).join('\n')}\n`;
  const tail = {
    count: lines.length - 3,
    crc32c: crc32c(Buffer.from(body)).toString(16).padStart(8, '0'),
  };
  writeFileSync(path, `${body}${JSON.stringify(tail)}\n`);
  for (const args of [['inspect'], ['fsck'], ['repair', '--yes'], ['export']]) {
    const [name = '', ...rest] = args;
    const { code, stderr } = await spool(name, data, ...rest);
    t.equal(code, 2, name);
    t.match(stderr, /has format version 2, this program reads 1; nothing was changed\n$/);
  }
});
