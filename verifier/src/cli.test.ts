// Scenario: the verifier as a file of its own, copied away from the repository, on bundles and
// proofs as files; broken files of every kind; and one bundle of many leaves.
// Guarantees: exit codes 0, 1 and 2; never a stack trace; nothing but Node is needed; memory and
// time of a large bundle are printed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { linesOf, verifyBundle } from '../weir-verify.mjs';
import { makeHead } from './sim-frame.js';
import { type Line, SimKey, SimNode, seal, sha, sha64 } from './sim-node.js';

const source = join(import.meta.dirname, '../weir-verify.mjs');

// The long size takes some minutes.
t.setTimeout(900_000);

t.test('the file alone', async (t) => {
  const node = new SimNode(11, { steps: 60 });
  const directory = t.testdir({
    'node.pub': `${node.keys[0]}\n`,
    'loader.pub': `${node.keys[1]}\n`,
  });
  const at = (name: string): string => join(directory, name);
  copyFileSync(source, at('weir-verify.mjs'));
  const texts = seal(node.lines(), node.loaderKey);
  const file = `${texts.join('\n')}\n`;
  const last = node.notes.at(-1)?.note ?? '';
  writeFileSync(at('good.ndjson'), file);
  writeFileSync(at('good.ndjson.gz'), gzipSync(file));
  writeFileSync(at('anchor'), last);
  const fork = new SimNode(12, { steps: 90, nodeId: node.nodeId });
  writeFileSync(at('fork'), fork.notes.at(-1)?.note ?? '');
  const broken: Record<string, string | Buffer> = {
    empty: '',
    newline: '\n',
    'no-newline': file.slice(0, -1),
    half: file.slice(0, file.length / 2),
    text: 'hello\nworld\n',
    null: 'null\n'.repeat(30),
    nested: `${'['.repeat(200_000)}${']'.repeat(200_000)}\n`,
    binary: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)),
    'not.gz': 'this is not gzip\n',
    'half.gz': gzipSync(file).subarray(0, 500),
    crlf: file.replaceAll('\n', '\r\n'),
    twice: file + file,
    surrogate: file.replace('"node":"', '"node":"\\ud800'),
  };
  for (const [name, content] of Object.entries(broken)) writeFileSync(at(name), content);
  const run = (...args: string[]): { code: number | null; out: string; report: unknown } => {
    const path = at('weir-verify.mjs');
    const found = spawnSync(process.execPath, [path, ...args], {
      cwd: directory,
      encoding: 'utf8',
    });
    const out = found.stdout + found.stderr;
    t.notMatch(out, /\n\s+at .*:\d+:\d+/, `no stack trace: ${args.join(' ')}`);
    let report: unknown = null;
    if (found.stdout.startsWith('{')) report = JSON.parse(found.stdout);
    return { code: found.status, out, report };
  };
  const keys = ['--key', 'node.pub', '--key', 'loader.pub'];
  const good = await verifyBundle(texts, { keys: node.keys });
  const code = good.closes ? 0 : 1;
  for (const name of ['good.ndjson', 'good.ndjson.gz'])
    t.match(run(name, ...keys), { code, report: { holds: true, problems: [] } });
  t.match(run('good.ndjson', ...keys, '--anchor', 'anchor'), { code, report: { unanchored: 0 } });
  t.match(run('good.ndjson', ...keys, '--anchor', 'fork'), { code: 1, report: { holds: false } });
  t.match(run('good.ndjson', '--key', 'node.pub'), { code: 1, report: { holds: false } });
  for (const name of Object.keys(broken)) {
    const { code, report } = run(name, ...keys);
    t.match({ code, report }, { code: 1, report: { holds: false, sinks: [] } }, name);
  }
  for (const args of [[], ['good.ndjson'], keys, ['none', ...keys], ['good.ndjson', '--bad']])
    t.equal(run(...args).code, 2, `usage: ${args.join(' ')}`);
});

t.test('imports and length', async (t) => {
  const text = readFileSync(source, 'utf8');
  for (const [, name] of text.matchAll(/from '([^']+)'/g)) t.match(name, /^node:/);
  const lines = text.split('\n');
  t.ok(lines.length - 1 < 300, `${lines.length - 1} lines`);
  t.same(
    lines.filter((line) => line.length > 110),
    [],
  );
});

/** Each frame has 10 numbers, all of which one receipt says are stored. */
async function* largeBundle(leaves: number, node: SimKey, loader: SimKey): AsyncGenerator<string> {
  const id = node.name.slice(-12);
  const all = sha; // The seal's hash is made as lines pass by.
  let lines = 0;
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const text = (line: Line): string => {
    const json = JSON.stringify(line);
    hash.update(`${json}\n`);
    lines++;
    return json;
  };
  yield text({ type: 'weir-bundle', version: 1, node: id, keys: [], tree: 1 });
  yield text({ type: 'begin', size: 0, peaks: [] });
  const peaks: { span: number; hash: Buffer }[] = [];
  const entry = { tenant: 'default', stream: `${id}/syslog_tcp/0`, epoch: '1' };
  for (let i = 0; i < leaves; i++) {
    const frame = {
      ...entry,
      epoch: 1n,
      first: i * 10,
      rows: 10,
      storedBytes: 9,
      dispositions: [],
    };
    const head = makeHead(frame);
    const payload = all(`payload ${i}`);
    yield text({
      type: 'leaf',
      head: head.toString('base64'),
      payload: payload.toString('base64'),
    });
    let top = { span: 1, hash: all(Buffer.of(0), head, payload) };
    while (peaks.at(-1)?.span === top.span) {
      const left = peaks.pop()?.hash ?? Buffer.alloc(0);
      top = { span: top.span * 2, hash: all(Buffer.of(1), left, top.hash) };
    }
    peaks.push(top);
    if ((i + 1) % 4096 !== 0 && i + 1 !== leaves) continue;
    const hashes = peaks.map((peak) => peak.hash).reverse();
    const root = hashes.reduce((right, left) => all(Buffer.of(1), left, right));
    const stream = { ...entry, lastSeq: i * 10 + 9, refused: [], lost: [] };
    const state = JSON.stringify({ epoch: '1', whole: i < 4096, streams: [stream] });
    const head64 = `${node.name}/1\n${i + 1}\n${root.toString('base64')}`;
    yield text({
      type: 'checkpoint',
      note: node.sign(`${head64}\nstate ${sha64(state)}\n`),
      state,
    });
  }
  yield text({ type: 'sink', id: 'all', type_of_sink: 'file', required: true, signed: false });
  const outcome = {
    ...entry,
    stored: [[0, leaves * 10 - 1]],
    quarantined: [],
    filtered: [],
    lost: [],
  };
  const head = { sink: 'all', intent: 1, fold: true, fresh: true };
  const document = JSON.stringify({ ...head, streams: [outcome] });
  const previous = Buffer.alloc(32).toString('base64');
  const note = `${loader.name}/all\nreceipt 1\nprevious ${previous}\noutcomes ${sha64(document)}\n`;
  yield text({ type: 'receipt', note: loader.sign(note), document });
  const bytes = hash.digest('base64');
  const sealed = loader.sign(`${loader.name}/bundle\nlines ${lines}\nbytes ${bytes}\n`);
  yield JSON.stringify({ type: 'end', lines, note: sealed });
}

t.test('a large bundle', async (t) => {
  const leaves = process.env.WEIR_LONG === '1' ? 200_000 : 20_000;
  const node = new SimKey('weir/node/aabbccddeeff', 'large');
  const loader = new SimKey('weir/loader/aabbccddeeff', 'large');
  const chunks: Buffer[] = [];
  for await (const line of largeBundle(leaves, node, loader)) chunks.push(Buffer.from(`${line}\n`));
  const before = process.cpuUsage().user;
  const keys = [node.verifierKey, loader.verifierKey];
  const report = await verifyBundle(linesOf(Buffer.concat(chunks)), { keys });
  const seconds = (process.cpuUsage().user - before) / 1e6;
  t.match(report, { holds: true, closes: true, size: leaves, problems: [] });
  t.match(report.sinks[0]?.streams, [{ issued: leaves * 10, stored: leaves * 10, missing: [] }]);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const rate = Math.round(leaves / seconds);
  t.comment(`${leaves} leaves, ${bytes} bytes: ${seconds.toFixed(1)} CPU-s, ${rate} leaves/s`);
});
