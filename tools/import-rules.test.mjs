// Scenario: biome checks planted files under the repository's own biome.json, one fault each.
// Guarantees: the direction of dependencies and the ban on I/O outside Ports are really enforced.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';

const repository = join(import.meta.dirname, '..');

/** The paths that biome complains about for restricted imports. */
function complaints(t, files) {
  const root = t.testdir({});
  for (const [path, specifier] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `import { x } from '${specifier}';\n\nexport const y = x;\n`);
  }
  copyFileSync(join(repository, 'biome.json'), join(root, 'biome.json'));
  const biome = join(repository, 'node_modules/@biomejs/biome/bin/biome');
  const only = '--only=style/noRestrictedImports';
  const args = [biome, 'lint', only, '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout);
  const paths = diagnostics.map(({ location }) => location.path?.file ?? location.path);
  return [...new Set(paths.map((path) => path.replace(/^\.\//, '')))].sort();
}

const BAD = {
  'pipeline/src/up.ts': '@weir/spool',
  'pipeline/src/up.test.ts': '@weir/parsers',
  'pipeline/src/node/up.ts': '@weir/collector',
  'pipeline/src/read.ts': 'node:fs',
  'pipeline/src/testing/read.ts': 'node:fs/promises',
  'pipeline/src/pool.ts': 'piscina',
  'spool/src/up.ts': '@weir/sinks',
  'spool/src/deep.ts': '../../pipeline/src/batch.js',
  'spool/src/net.ts': 'node:net',
  'spool/src/sub/deep.ts': '../../../pipeline/src/batch.js',
  'parsers/src/side.ts': '@weir/spool',
  'parsers/src/wait.ts': 'node:timers/promises',
  'parsers/src/threads.ts': 'worker_threads',
  'parsers/src/beside.ts': '@weir/enrich',
  'enrich/src/side.ts': '@weir/parsers',
  'enrich/src/read.ts': 'node:fs',
  'sinks/src/beside.ts': '@weir/enrich',
  'sinks/src/up.ts': '@weir/collector',
  'sinks/src/side.ts': '@weir/parsers',
  'sinks/src/drive.ts': '@weir/harness/kafka',
  'sinks/src/clickhouse/loader/read.ts': 'node:fs',
  'sinks/src/clickhouse/native/ask.ts': 'node:http',
  'collector/src/out.ts': '@weir/bench',
  'collector/src/drive.ts': '@weir/harness',
  'collector/src/inside.ts': '@weir/spool/src/store.js',
  'proofs/src/out.ts': '@weir/bench',
  'bench/src/out.ts': '@weir/proofs',
  'bench/src/deep.ts': '../../spool/src/store.js',
  'harness/src/inside.ts': '@weir/collector',
};
const GOOD = {
  'pipeline/src/node/files.ts': 'node:fs',
  'pipeline/src/a.test.ts': 'node:fs',
  'pipeline/src/sub/b.ts': '../a.js',
  'spool/src/ok.ts': '@weir/pipeline',
  'spool/src/ok.test.ts': '@weir/pipeline/testing',
  'parsers/src/ok.ts': '@weir/pipeline',
  'enrich/src/ok.ts': '@weir/pipeline',
  'sinks/src/ok.ts': '@weir/spool',
  'sinks/src/clickhouse/embedded/server.ts': 'node:http',
  'sinks/src/clickhouse/loader/ok.test.ts': 'node:fs',
  'sinks/src/ok.test.ts': '@weir/harness/kafka',
  'collector/src/ok.ts': '@weir/sinks/clickhouse',
  'collector/src/cli/read.ts': 'node:fs',
  'collector/src/e2e/ok.test.ts': '@weir/harness',
  'bench/src/ok.ts': '@weir/collector',
  'proofs/src/ok.ts': '@weir/harness',
};

t.test('planted imports are caught, others are not', async (t) => {
  t.strictSame(complaints(t, { ...BAD, ...GOOD }), Object.keys(BAD).sort());
});
