// Scenario: someone installs the packed packages in a project of their own, writes modules in
//   TypeScript against them, tests them with the kit under node:test, names them in weir.toml, and
//   writes the same pipeline in code.
// Guarantees: the packages hold what they load and nothing else; the types work under `strict`; the
//   modules run in workers. See packed/packed-project.ts for what is not shown.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import {
  ENVIRONMENT,
  filesOf,
  type Outcome,
  PACKED,
  PackedProject,
  REPOSITORY,
  readManifest,
} from './packed/packed-project.js';
import * as sources from './packed/project-files.js';
import { reachedFrom } from './packed/reachable.js';

const project = await PackedProject.create();
t.teardown(() => project.end());

/** What stands in a package beside its code. */
const BESIDES = new Set(['package.json', 'README.md', 'LICENSE']);

t.test('packages hold what they load, and nothing else', async (t) => {
  for (const folder of PACKED) {
    const root = project.packageFolder(folder);
    const { files, packages, missing } = reachedFrom(root);
    const manifest = readManifest(root);
    t.strictSame(missing, [], `${folder}: every import leads to a file`);
    const migrations =
      folder === 'sinks' ? readdirSync(join(REPOSITORY, 'database_migrations')) : [];
    const wanted = migrations
      .filter((name) => name.endsWith('.sql'))
      .map((name) => `database_migrations/${name}`);
    const others = filesOf(root).filter((path) => !files.has(path) && !BESIDES.has(path));
    // Code without types, or types without code, comes with the file of the same name.
    const twins = new Set([...files].map((path) => path.replace(/(\.d\.ts|\.js)$/, '')));
    const superfluous = others.filter((path) => !twins.has(path.replace(/(\.d\.ts|\.js)$/, '')));
    t.strictSame(superfluous, wanted, `${folder}: nothing that nobody loads`);
    for (const name of BESIDES) t.ok(existsSync(join(root, name)), `${folder}: ${name}`);
    const declared = Object.keys(manifest.dependencies ?? {});
    const undeclared = [...packages].filter((name) => !declared.includes(name));
    t.strictSame(undeclared, [], `${folder}: every import is a dependency`);
    t.match(manifest, { license: 'Apache-2.0', type: 'module', engines: { node: />=20/ } });
    t.ok(String(manifest.description).length > 40 && Array.isArray(manifest.keywords), folder);
  }
});

t.test('examples of the READMEs run', async (t) => {
  for (const folder of PACKED) {
    const text = readFileSync(join(project.packageFolder(folder), 'README.md'), 'utf8');
    const [, language, code = ''] = /```(js|sh)\n([\s\S]*?)```/.exec(text) ?? [];
    project.write(`readme/${folder}.mjs`, code);
    const outcome =
      language === 'sh'
        ? await project.run('sh', '-c', code)
        : await project.run(process.execPath, `readme/${folder}.mjs`);
    done(t, outcome, `${folder}/README.md`);
    if (language === 'sh') t.match(outcome.stdout, /"name":\s*"alice"/);
    const printed = [...code.matchAll(/\/\/ prints (.*)/g)].map((match) => match[1] as string);
    t.ok(language === 'sh' || printed.length > 0, `${folder}: says what it prints`);
    for (const line of printed) t.ok(outcome.stdout.includes(line), `${folder} prints ${line}`);
  }
});

t.test('the example of the kit in docs/pipelines.md runs', async (t) => {
  const text = readFileSync(join(REPOSITORY, 'docs/pipelines.md'), 'utf8');
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  for (const [path, part] of [
    ['modules/critical-hosts.js', "name: 'critical_hosts'"],
    ['modules/door-log.js', "name: 'door_log'"],
    ['docs.test.mjs', 'testRoute(test'],
  ] as const) {
    const block = blocks.find((each) => each.includes(part));
    t.ok(block, `a block with ${part}`);
    project.write(path, block ?? '');
  }
  done(t, await project.run(process.execPath, '--test', 'docs.test.mjs'), 'it passes');
});

t.test('a project in TypeScript', async (t) => {
  for (const [path, text] of Object.entries(sources.files)) project.write(path, text);
  done(t, await project.compile(), 'the compiler has nothing to say');
  const own = await project.run(process.execPath, '--test', 'dist/vip.test.js');
  done(t, own, 'the kit runs under node:test');
  t.match(own.stdout, /any event \(WEIR_SEED=/);
  const wrong = `${sources.files['src/vip.ts']}\nvip.enrich.call(vip, 7);\n`;
  project.write('src/wrong.ts', wrong);
  t.match((await project.compile()).stdout, /src\/wrong\.ts.*error TS/, 'types are not any');
  project.write('src/wrong.ts', '');
});

t.test('named in weir.toml', async (t) => {
  done(t, await project.weir('validate', 'weir.toml'), 'weir validate');
  project.write('cases/vip/input.raw', sources.lines.map((line) => `${line}\n`).join(''));
  const test = ['test', 'cases', '--config', 'weir.toml'];
  t.equal((await project.weir(...test)).code, 1, 'without expected events a case fails');
  done(t, await project.weir(...test, '--update'), 'weir test --update');
  done(t, await project.weir(...test, '--junit', 'results.xml'), 'weir test');
  const [vip, other, quiet] = parsed(project.read('cases/vip/expected.jsonl'));
  t.match(vip, { unmapped: { 'labels.vip': 'true', 'labels.thread': 'main' } });
  t.match(other, { unmapped: { 'labels.vip': 'false' } });
  t.strictSame(quiet, { filtered: 'no_debug' });
  t.match(project.read('results.xml'), /<testcase classname="weir" name="vip"/);
  await runAndLook(t, 'weir.toml', 'out/from-toml.ndjson');
});

t.test('as a pipeline in code', async (t) => {
  done(t, await project.weir('validate', 'dist/pipeline.js'), 'weir validate');
  await runAndLook(t, 'dist/pipeline.js', 'out/from-code.ndjson');
});

t.test('migrations come with the package', async (t) => {
  project.write(
    'migrations.mjs',
    `import { applyMigrations } from '@weir/sinks/clickhouse';
     const store = { command: async () => {}, query: async () => [] };
     console.log((await applyMigrations(store, { profile: 'full' })).join(' '));`,
  );
  const { stdout } = await project.run(process.execPath, 'migrations.mjs');
  t.match(stdout, /^0001_events\.sql 0002_quarantine\.sql/, 'a store that has none gets all');
});

function done(t: Test, { code, stdout, stderr }: Outcome, name: string): void {
  t.equal(code, 0, code === 0 ? name : `${name}\n${stdout}\n${stderr}`);
}

const parsed = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Runs the collector, sends the events, and reads what the file sink wrote. */
async function runAndLook(t: Test, config: string, out: string): Promise<void> {
  const data = `var-${config.replaceAll(/\W/g, '-')}`;
  const weir = join(project.root, 'node_modules/.bin/weir');
  const child = spawn(weir, ['run', '--config', config, '--data', data, '--quiet'], {
    cwd: project.root,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    let url = '';
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) return true;
      const file = `${data}/run.json`;
      if (!existsSync(join(project.root, file))) return false;
      const { listeners } = JSON.parse(project.read(file)) as { listeners: { api: string } };
      url = `http://${listeners.api}`;
      return (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;
    };
    t.ok((await waitFor(isReady, 60_000)) && child.exitCode === null, `it is ready ${log}`);
    const body = sources.items.map((item) => JSON.stringify(item)).join('\n');
    const reply = await fetch(`${url}/ingest`, { method: 'POST', body });
    t.equal(reply.status, 200, await reply.text());
    const path = join(project.root, out);
    const lines = (): Record<string, unknown>[] =>
      existsSync(path) ? parsed(readFileSync(path, 'utf8')) : [];
    t.ok(await waitFor(async () => lines().length >= 2, 30_000), `events arrive ${log}`);
    t.match(lines(), [
      { message: 'one', unmapped: { 'labels.vip': 'true', 'labels.thread': 'worker' } },
      { message: 'two', unmapped: { 'labels.vip': 'false', 'labels.thread': 'worker' } },
    ]);
    t.equal(lines().length, 2, 'what is filtered does not arrive');
  } finally {
    child.kill('SIGTERM');
    t.equal(await exited, 0, `it stops ${log}`);
  }
}
