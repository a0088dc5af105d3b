// Scenario: the benches of this process and of the spool in their small size, and wrong usage.
// Guarantees: they run, their figures are there, and what was computed is the same for the same
// seed and another for another. How fast the code is, is not looked at here.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { BenchReport } from './report.js';
import { runMain, smallBench } from './test-bench.js';

t.test('spool', async (t) => {
  const { measures, facts } = await smallBench('spool');
  t.match(facts, { tcpEvents: 20_000, memoryEvents: 20_000, tcpAllReceivedAreDurable: true });
  t.match(facts.floorReader, /^(C|Node)$/);
  t.ok((facts.compression as number) > 2, 'frames are compressed');
  for (const name of ['memory', 'tcpVaried', 'tcpPeers']) {
    t.equal(measures[`${name}EventsPerSecond`]?.kind, 'throughput');
    t.equal(measures[`${name}CpuSecondsPerMillion`]?.kind, 'cpu');
  }
  const outran = measures.tcpVariedSenderToTargetRatio?.median ?? 0;
  t.ok(outran > 1, `the sender outruns the target: ${outran}`);
});

t.test('parse, saved, held against itself, profiled', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-test-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'report.json');
  const first = await smallBench('parse', '--save', path);
  t.match(first, { schema: 'weir-bench-2', bench: 'parse', machine: { cores: Number } });
  t.equal(first.facts.fortigateParsedShare, 1);
  t.same(JSON.parse(readFileSync(path, 'utf8')) as BenchReport, first);
  // Nothing is slower than a thousandth, or dearer than 99 times as much.
  const wide = ['--threshold-throughput', '0.001', '--threshold-cpu', '99'];
  const again = await smallBench('parse', '--baseline', path, ...wide);
  t.equal(again.hash, first.hash, 'the same seed computes the same');
  const other = ['parse', '--small', '--runs', '1', '--seed', '2', '--baseline', path];
  await t.rejects(runMain(...other), { code: 2, stderr: /not comparable/ });
  const strict = ['parse', '--small', '--runs', '1', '--profile', '--baseline', path, '--force'];
  const failure = (await runMain(...strict, '--threshold-throughput', '90').catch(
    (error: unknown) => error,
  )) as { code: number; stderr: string };
  t.match(failure, { code: 1, stderr: /worse than the baseline/ });
  const profiles = /profiles are in (\S+)/.exec(failure.stderr)?.[1] ?? '';
  t.teardown(() => rmSync(profiles, { recursive: true, force: true }));
  t.ok(existsSync(profiles) && readdirSync(profiles).some((name) => name.endsWith('.cpuprofile')));
  t.ok(readdirSync(profiles).some((name) => name.endsWith('.heapprofile')));
});

t.test('enrich', async (t) => {
  const { measures, facts, hash } = await smallBench('enrich');
  for (const name of ['floor', 'geoip', 'iocMany', 'lookup', 'together']) {
    t.equal(measures[`${name}EventsPerSecond`]?.kind, 'throughput');
    t.equal(measures[`${name}CpuSecondsPerMillion`]?.kind, 'cpu');
  }
  t.ok((measures.addressLookupsPerSecond?.median ?? 0) > 0);
  t.match(facts, { indicators: 10_000, manyKeys: Number, manyTableBytes: Number });
  t.equal((await smallBench('enrich')).hash, hash, 'the same seed computes the same');
});

t.test('spool --fsync-interval', async (t) => {
  const { measures, facts } = await smallBench('spool', '--fsync-interval', '0,12');
  t.equal((facts.table as string[]).length, 3);
  const [atOnce, later] = ['interval0Ms', 'interval12Ms'].map(
    (name) => measures[`${name}SyncsPerSecond`]?.median ?? 0,
  );
  t.ok((atOnce ?? 0) > (later ?? 0), 'a longer interval has fewer fdatasyncs');
  t.equal(measures.interval12MsWaitP99Ms?.unit, 'ms');
});

t.test('recovery, drawn', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-test-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'recovery.svg');
  const { measures } = await smallBench('recovery', '--svg', file);
  t.ok((measures.cut4MiBOpenMs?.median ?? 0) > 0);
  t.ok((measures.sealed8MiBResidentMiB?.median ?? 0) > 0);
  t.ok((measures.treeCheckpointMs?.median ?? 0) >= (measures.treeOpenMs?.median ?? 0));
  const svg = readFileSync(file, 'utf8');
  t.match(svg, /^<svg xmlns=/);
  t.equal(svg.match(/<polyline /g)?.length, 4);
  t.notMatch(svg, /NaN|undefined/);
});

t.test('list', async (t) => {
  const { stdout } = await runMain('list');
  for (const name of ['spool', 'recovery', 'parse', 'http_out', 'end_to_end', 'stress'])
    t.match(stdout, new RegExp(`^ *${name} `, 'm'));
});

t.test('wrong usage', async (t) => {
  for (const args of [
    ['none'],
    ['spool', '--runs', 'x'],
    ['spool', '--what'],
    ['parse', '--baseline', '/nowhere'],
    ['parse', '--threshold-cpu', '0'],
  ]) {
    await t.rejects(runMain(...args), { code: 2 }, args.join(' '));
  }
});
