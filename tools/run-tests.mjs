// Runs the compiled tests with tap and counts what really ran. A result is one assertion, at
// whatever depth of subtests; a subtest or file that fails without a failed assertion (a crash, a
// timeout, a wrong plan) is one failure, and so is a file that asserts nothing. The last line is
// always `N passed, N failed, N skipped`.
// Usage: node tools/run-tests.mjs [--long] [FILE...]. Exit code 0 when all passed, else 1.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Parser } from 'tap-parser';
import { reportCoverage } from './coverage.mjs';

/** Counts results in TAP text; `onFile` is called with each file's figures as it ends. */
export class TapCounter {
  passed = 0;
  failed = 0;
  skips = [];
  failures = [];
  files = 0;
  #onFile;

  constructor(onFile = () => {}) {
    this.#onFile = onFile;
  }

  /** One run of tap: give it the text, then end it. */
  run() {
    const parser = new Parser({ omitVersion: true });
    this.#watch(parser, [], this.#onFile);
    const end = () =>
      new Promise((done) => {
        parser.once('complete', () => done());
        parser.end();
      });
    return { write: (text) => parser.write(text), end };
  }

  /** Listens to one level; `names` are the subtests around it. */
  #watch(parser, names, onFile) {
    let child = null;
    parser.on('child', (subtest) => {
      child = {
        failedBefore: this.failed,
        passedBefore: this.passed,
        skippedBefore: this.skips.length,
      };
      this.#watch(subtest, [...names, subtest.name], onFile);
    });
    parser.on('assert', (result) => {
      const isSubtest = child !== null;
      const hasOwnFailure = isSubtest && this.failed > child.failedBefore;
      const name = [...names, result.name].join(' > ');
      if (result.skip || result.todo) {
        this.skips.push({ name, reason: String(result.skip || result.todo) });
      } else if (!result.ok) {
        if (!hasOwnFailure) this.#fail(name, result.diag);
      } else if (!isSubtest) {
        this.passed++;
      }
      if (names.length === 0) {
        this.files++;
        const passed = this.passed - (child?.passedBefore ?? this.passed);
        const isSkipped = this.skips.length > (child?.skippedBefore ?? 0);
        if (isSubtest && result.ok && passed === 0 && !isSkipped)
          this.#fail(`${result.name} asserts nothing`, null);
        onFile({ name: result.name, ok: result.ok, passed, timeMs: result.time ?? 0 });
      }
      child = null;
    });
    parser.on('bailout', (reason) => {
      if (names.length === 0) this.#fail(`bail out: ${reason}`, null);
    });
  }

  #fail(name, diag) {
    this.failed++;
    this.failures.push({ name, diag });
  }
}

/**
 * The compiled file of a test that is named by its source or by itself; null when there is none.
 */
export function compiledOf(root, name) {
  const path = relative(root, resolve(root, name));
  const compiled = path.replace(/(^|\/)src\//, '$1dist/').replace(/\.ts$/, '.js');
  return /\.test\.m?js$/.test(compiled) && existsSync(join(root, compiled)) ? compiled : null;
}

/** Every test of the workspaces and of tools/; those that end in .long.test.js only when asked. */
export function allTests(root, isLong) {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folders = [...workspaces.map((name) => join(name, 'dist')), 'tools'];
  const found = folders.flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name))
      : [],
  );
  return found
    .filter((path) => /\.test\.m?js$/.test(path) && (isLong || !path.endsWith('.long.test.js')))
    .sort();
}

async function main() {
  const root = join(import.meta.dirname, '..');
  const names = process.argv.slice(2).filter((argument) => argument !== '--long');
  const isLong = process.argv.includes('--long');
  const files = names.length === 0 ? allTests(root, isLong) : [];
  for (const name of names) {
    const file = compiledOf(root, name);
    if (file === null) {
      console.error(`test: no such test: ${name}`);
      process.exitCode = 2;
      return;
    }
    files.push(file);
  }
  const counter = new TapCounter((file) => {
    const time = `${(file.timeMs / 1000).toFixed(1)} s`;
    console.log(`${file.ok ? 'ok' : 'NOT OK'} ${file.name} (${file.passed} passed, ${time})`);
  });
  // A few tests cover little: the figure is only asked of all of them.
  const raw = names.length === 0 ? mkdtempSync(join(tmpdir(), 'weir-coverage-')) : null;
  const tapCode = await runAll(root, files, isLong, raw, counter);
  const shortfalls = raw === null ? [] : reportCoverage(root, raw);
  if (raw !== null) rmSync(raw, { recursive: true, force: true });
  report(counter, files.length, tapCode, shortfalls);
}

/**
 * Tests that repeat the same code millions of times, or kill what they start, say nothing of
 * coverage that others do not say: without it they are faster, and c8 has less to merge.
 */
const UNCOVERED =
  /^(bench|harness|lanes|proofs|simulation|spool\/dist\/fault|parsers\/dist\/fuzz)\//;

/**
 * True for a test that reads `process.env.KAFKA_BROKERS`: such tests share one broker. The others do
 * not see the variable, as a collector takes it for the wish to use Kafka.
 */
export function wantsBroker(root, file) {
  return /process\.env\.KAFKA_BROKERS\b/.test(readFileSync(join(root, file), 'utf8'));
}

async function runAll(root, files, isLong, rawCoverage, counter) {
  const isCovered = (file) => rawCoverage !== null && !UNCOVERED.test(file);
  const withBroker = files.filter((file) => wantsBroker(root, file));
  const without = files.filter((file) => !withBroker.includes(file));
  let code = files.length === 0 ? 1 : 0;
  const runBoth = async (all, environment) => {
    const runs = [
      [all.filter((file) => !isCovered(file)), {}],
      [all.filter(isCovered), { NODE_V8_COVERAGE: rawCoverage }],
    ];
    for (const [some, coverage] of runs) {
      if (some.length === 0) continue;
      const env = { ...environment, ...(isLong ? { WEIR_LONG: '1' } : {}), ...coverage };
      const codeOfRun = await runTap(root, some, env, counter.run());
      code ||= codeOfRun;
    }
  };
  const { KAFKA_BROKERS: _, ...clean } = process.env;
  await runBoth(without, clean);
  if (withBroker.length > 0) {
    const shared = await startBroker();
    try {
      await runBoth(
        withBroker,
        shared === null ? clean : { ...clean, KAFKA_BROKERS: shared.brokers },
      );
    } finally {
      await shared?.end();
    }
  }
  return code;
}

/** One broker for all tests that want one; null, said why, where it cannot be had. */
async function startBroker() {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const { KafkaCluster } = await import('../harness/dist/kafka/index.js');
    const cluster = await KafkaCluster.start({ directory });
    const end = async () => {
      await cluster.kill();
      remove();
    };
    return { brokers: cluster.brokers, end };
  } catch (error) {
    remove();
    console.error(`test: no Kafka broker: ${error.message}; tests that want one are skipped`);
    return null;
  }
}

async function runTap(root, files, env, tapRun) {
  const tap = join(root, 'node_modules/tap/dist/esm/run.mjs');
  const plainChildren = `--node-arg=--import=${new URL('plain-children.mjs', import.meta.url)}`;
  const args = [tap, 'run', '--reporter=tap', '--disable-coverage', plainChildren, ...files];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', (text) => tapRun.write(text));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((done) => child.once('close', (status) => done(status ?? 1)));
  await tapRun.end();
  return code;
}

function report(counter, fileCount, tapCode, shortfalls) {
  for (const { name, diag } of counter.failures) {
    console.log(`\nFAILED ${name}`);
    if (diag) console.log(JSON.stringify(diag, null, 2).replace(/^/gm, '  '));
  }
  for (const { name, reason } of counter.skips) console.log(`skipped: ${name}: ${reason}`);
  const checksFailed = Number(process.env.WEIR_CHECKS_FAILED ?? 0);
  let failed = counter.failed + checksFailed;
  for (const shortfall of shortfalls) {
    console.log(`FAILED ${shortfall}`);
    failed++;
  }
  if (counter.files < fileCount) {
    console.log(`FAILED ${fileCount - counter.files} of ${fileCount} test files gave no result`);
    failed++;
  }
  if (counter.passed === 0 && counter.failed === 0) {
    console.log('FAILED no test ran');
    failed++;
  }
  if (tapCode !== 0 && failed === checksFailed) {
    console.log(`FAILED tap ended with code ${tapCode}`);
    failed++;
  }
  const isCi = process.env.CI === 'true';
  if (isCi && counter.skips.length > 0) console.log('FAILED with CI=true a skip is a failure');
  if (failed > 0 || (isCi && counter.skips.length > 0)) process.exitCode = 1;
  console.log(`${counter.passed} passed, ${failed} failed, ${counter.skips.length} skipped`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
