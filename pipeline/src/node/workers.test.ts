// Scenario: the real pool, with entries that are slow to load, cannot be loaded, end their thread
// while they load, or block it when no task runs.
// Guarantees: only the time with a worker counts as a task's; who ended a worker is told from who
// was there; whatever becomes of workers, the pool works again by itself; a close ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import type { Workers } from '../ports.js';
import { workerFailureOf } from '../worker-failure.js';
import { nodeTimers } from './clock.js';
import { type NodeWorkersOptions, nodeWorkers } from './workers.js';

type Tap = Pick<typeof t, 'teardown'>;
t.setTimeout(180_000);
const directory = mkdtempSync(join(tmpdir(), 'weir-workers-'));
t.teardown(() => rmSync(directory, { recursive: true }));
let moduleCount = 0;

/**
 * A module with `body` before its task function, which says the task back unless told otherwise.
 */
function entryOf(body: string, task = 'return task;'): URL {
  const path = join(directory, `entry-${moduleCount++}.mjs`);
  writeModule(path, body, task);
  return pathToFileURL(path);
}

const writeModule = (path: string, body: string, task = 'return task;'): void =>
  writeFileSync(
    path,
    `import { existsSync, writeFileSync } from 'node:fs';\n${body}\nexport default (task) => { ${task} };\n`,
  );

/** True in the first worker that asks. */
const isFirst = (): string => {
  const marker = JSON.stringify(join(directory, `marker-${moduleCount}`));
  return `const isFirst = !existsSync(${marker}); writeFileSync(${marker}, '');`;
};

function poolOf(t: Tap, entry: URL, more: Partial<NodeWorkersOptions> = {}) {
  const troubles: string[] = [];
  const pool: Workers<string, string> = nodeWorkers({
    entry,
    workerCount: 1,
    queueTaskCountMax: 64,
    heapMiBMax: 64,
    // A test runner's hooks would make the start of each worker a second longer.
    execArgv: [],
    batchTimeoutMs: 1_500,
    onTrouble: (sentence) => troubles.push(sentence),
    ...more,
  });
  t.teardown(() => pool.close());
  return { pool, troubles };
}

/** A pool of so short a patience may be replaced before its workers have started. */
async function untilUp(pool: Workers<string, string>): Promise<void> {
  while ((await kindOf(pool.run('is up', []))) !== 'none') await nodeTimers.sleep(10);
}

const kindOf = (failed: Promise<unknown>) =>
  failed.then(
    () => 'none',
    (error) => workerFailureOf(error)?.kind ?? String(error),
  );

t.test('neither the start of a worker nor the wait for one counts', async (t) => {
  const slow = `await new Promise((resolve) => setTimeout(resolve, 2_000));`;
  const { pool } = poolOf(
    t,
    entryOf(slow, 'const end = Date.now() + 300; while (Date.now() < end); return task;'),
  );
  const tasks = Array.from({ length: 6 }, (_, i) => `${i}`);
  t.same(await Promise.all(tasks.map((task) => pool.run(task, []))), tasks);
});

t.test('who hangs or ends the worker, and who only was there', async (t) => {
  const { pool } = poolOf(
    t,
    entryOf(
      '',
      `if (task === 'hang') for (;;);
       if (task === 'exit') process.exit(3);
       return task;`,
    ),
  );
  for (const [bad, kind] of [
    ['hang', 'hung'],
    ['exit', 'died'],
  ] as const) {
    await untilUp(pool);
    const kinds = await Promise.all([kindOf(pool.run(bad, [])), kindOf(pool.run('good', []))]);
    t.same(kinds, [kind, 'bystander']);
    t.equal(await pool.run('again', []), 'again');
  }
  const startedMs = performance.now();
  t.equal(await kindOf(pool.run('hang', [], { timeoutMs: 100 })), 'hung');
  t.comment(`a task of its own time: ${Math.round(performance.now() - startedMs)} ms`);
});

t.test('a task of an asynchronous entry waits for the one before it', async (t) => {
  const { pool } = poolOf(
    t,
    entryOf(
      'let running = 0;',
      `running++;
       return new Promise((resolve) =>
         setTimeout(() => { resolve(\`\${task} \${running}\`); running--; }, 5));`,
    ),
  );
  const tasks = Array.from({ length: 10 }, (_, i) => `${i}`);
  t.same(
    await Promise.all(tasks.map((task) => pool.run(task, []))),
    tasks.map((task) => `${task} 1`),
  );
});

t.test('an entry that cannot be loaded blames no task, and is loaded once it can be', async (t) => {
  const path = join(directory, 'comes-later.mjs');
  const { pool } = poolOf(t, pathToFileURL(path));
  const failure = await pool.run('x', []).then(
    () => null,
    (error) => workerFailureOf(error),
  );
  t.equal(failure?.kind, 'unavailable');
  t.match(failure?.message, /entry cannot be loaded.*comes-later/);
  writeModule(path, '');
  let result = '';
  while (result === '') {
    result = await pool.run('x', []).catch(() => '');
    await nodeTimers.sleep(20);
  }
  t.equal(result, 'x');
});

for (const [what, body] of [
  ['ends its thread while it loads', 'if (isFirst) process.exit(1);'],
  ['loads for ever', 'if (isFirst) for (;;);'],
  ['throws in a timer', `if (isFirst) setTimeout(() => { throw new Error('a timer'); }, 1);`],
  ['blocks its thread when no task runs', 'if (isFirst) setTimeout(() => { for (;;); }, 1);'],
] as const)
  t.test(`an entry that ${what}`, async (t) => {
    const entry = entryOf(`${isFirst()}\n${body}`);
    const { pool, troubles } = poolOf(t, entry, { stallMs: 700 });
    let result = '';
    let tries = 0;
    while (result === '' && ++tries < 50) {
      result = await pool.run('x', []).catch(() => '');
      // The timer's turn.
      if (tries === 1) await nodeTimers.sleep(50);
      if (tries === 1) result = '';
    }
    t.equal(result, 'x', `${tries} tries`);
    t.comment(troubles.join('; '));
  });

t.test(
  'one of two workers blocks its thread: what waits for it does not wait for ever',
  async (t) => {
    const entry = entryOf(`${isFirst()}\nif (isFirst) setTimeout(() => { for (;;); }, 100);`);
    const { pool } = poolOf(t, entry, { workerCount: 2, stallMs: 700 });
    await untilUp(pool);
    await nodeTimers.sleep(300);
    const kinds: Record<string, number> = {};
    for (let i = 0; i < 60; i++) {
      const round = Promise.all([1, 2, 3, 4].map((n) => kindOf(pool.run(`${n}`, []))));
      for (const kind of await round) kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    t.comment(JSON.stringify(kinds));
    t.same(
      Object.keys(kinds).filter((kind) => kind !== 'none' && kind !== 'bystander'),
      [],
    );
  },
);

t.test('a worker that cannot be ended, since it waits for the system', async (t) => {
  const entry = entryOf(
    `import { spawnSync } from 'node:child_process';`,
    `if (task === 'sleep') spawnSync('sleep', ['5']); return task;`,
  );
  const { pool, troubles } = poolOf(t, entry, { batchTimeoutMs: 500, stallMs: 1_000 });
  await untilUp(pool);
  troubles.length = 0;
  const kinds = await Promise.all([kindOf(pool.run('sleep', [])), kindOf(pool.run('x', []))]);
  t.same(kinds, ['hung', 'bystander']);
  t.equal(troubles.length, 1);
  await untilUp(pool);
});

t.test('a close ends while a task hangs, and afterwards nothing is taken', async (t) => {
  const { pool } = poolOf(t, entryOf('', 'for (;;);'), { batchTimeoutMs: 60_000 });
  const hanging = kindOf(pool.run('x', []));
  await nodeTimers.sleep(300);
  await pool.close();
  t.equal(await hanging, 'unavailable');
  t.equal(await kindOf(pool.run('y', [])), 'unavailable');
});

t.test('a worker whose built-ins a task has spoiled is replaced', async (t) => {
  const spoil = `Map.prototype.get = () => { throw new Error('spoiled'); };`;
  const task = `if (task === 'spoil') { ${spoil} } return task;`;
  const { pool, troubles } = poolOf(t, entryOf('', task));
  t.equal(await pool.run('spoil', []), 'spoil');
  t.equal(await kindOf(pool.run('x', [])), 'bystander', 'it never ran');
  await untilUp(pool);
  t.equal(await pool.run('y', []), 'y');
  t.match(troubles, [
    /^the pipeline workers answer without running a task \(spoiled\): all of them/,
  ]);
});

t.test('a full queue blames no task', async (t) => {
  const { pool } = poolOf(t, entryOf('', 'for (;;);'), { queueTaskCountMax: 1 });
  const kinds = await Promise.all([1, 2, 3, 4, 5].map((n) => kindOf(pool.run(`${n}`, []))));
  t.ok(kinds.includes('unavailable'), kinds.join());
});
