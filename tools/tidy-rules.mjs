// The house rules that a linter does not know. Each rule takes a tree and returns problems as
// sentences that start with `path` or `path:line`. A tree is `{ files: Map(path -> text), packages,
// entries }`.
import { buildGraph, findCycles } from './import-graph.mjs';

const FILE_LINES_MAX = 600;
const LINE_COLUMNS_MAX = 100;

/** The places that may ask the machine for time and randomness; all others use Ports. */
export const CLOCK_MODULES = [
  'pipeline/src/node/',
  'pipeline/src/testing/sim-clock.ts',
  'collector/src/load/clock.ts',
  'harness/src/clock.ts',
  'bench/src/clock.ts',
  'proofs/src/clock.ts',
  // Lanes of faults: they run threads and print how long a planted bug took to find.
  'spool/src/fault/',
];
/** Folders that run in simulation: not even timers or random identifiers. */
const SIMULATED_SINKS = 'clickhouse/loader|clickhouse/native|delivery|ndjson|rows';
const SIMULATED = new RegExp(
  `^(pipeline|spool|parsers|enrich)/src/|^sinks/src/(${SIMULATED_SINKS})/`,
);

/** Of node:crypto: what gives the same result for the same arguments (Ed25519 does, too). */
const PURE_CRYPTO = new Set([
  ...['', 'createHash', 'createHmac', 'hash', 'timingSafeEqual'],
  ...['createPrivateKey', 'createPublicKey', 'KeyObject', 'sign', 'verify'],
]);
/** Kept short on purpose, at the price of dense lines. */
const DENSE = new Map([['verifier/weir-verify.mjs', 120]]);

/** Tests, and files named test-x.ts that only tests use. */
const isTest = (path) => /\.test\.(ts|mjs)$|(^|\/)test-[\w-]+\.ts$/.test(path);
const isSource = (path) => /\.(ts|mjs|js)$/.test(path);
const isScript = (path) => path.endsWith('.sh') || path === '.ci/run';
const isExempt = (path) => /(^|\/)testcases\/|^docs\/generated\//.test(path);
const isClockModule = (path) => CLOCK_MODULES.some((start) => path.startsWith(start));

function* linesOf(tree, accepts) {
  for (const [path, text] of tree.files) {
    if (!accepts(path) || isExempt(path)) continue;
    const lines = text.split('\n');
    for (const [index, line] of lines.entries())
      yield { path, line, where: `${path}:${index + 1}` };
  }
}

function matching(tree, accepts, pattern, describe) {
  const problems = [];
  for (const { path, line, where } of linesOf(tree, accepts)) {
    const found = pattern.exec(line);
    if (found !== null) problems.push(`${where}: ${describe(found[0].trim(), path)}`);
  }
  return problems;
}

function fileLength(tree) {
  const problems = [];
  for (const [path, text] of tree.files) {
    const count = text.split('\n').length - 1;
    if ((isSource(path) || isScript(path)) && !isExempt(path) && count > FILE_LINES_MAX)
      problems.push(`${path}: ${count} lines, the limit is ${FILE_LINES_MAX}`);
  }
  return problems;
}

/** A long string or address may stand alone; code and comments may not be longer than the limit. */
function lineLength(tree) {
  const problems = [];
  for (const { path, line, where } of linesOf(tree, isSource)) {
    const columnsMax = DENSE.get(path) ?? LINE_COLUMNS_MAX;
    if (line.length <= columnsMax) continue;
    const withoutText = line
      .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*(?:`|$)/g, "''")
      .replace(/https?:\S+/g, '');
    const isInTemplate = /^[^'"]*`[,;)]*$/.test(line);
    if (withoutText.length > columnsMax && !isInTemplate)
      problems.push(`${where}: ${line.length} columns, the limit is ${columnsMax}`);
  }
  return problems;
}

function leftovers(tree) {
  // Put together, so that this file does not break its own rule.
  const words = new RegExp(`\\b(${['FIX' + 'ME', 'TO' + 'DO'].join('|')})\\b`);
  const accepts = (path) => isSource(path) || isScript(path) || /\.(md|sql|toml)$/.test(path);
  return matching(tree, accepts, words, (word) => `${word}: finish it, or open an issue`);
}

function ascii(tree) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is the point.
  const other = /[^\x00-\x7f]/;
  const accepts = (path) => isSource(path) || isScript(path);
  return matching(tree, accepts, other, (text) => `"${text}" is not ASCII; write an escape`);
}

function clocks(tree) {
  const direct = /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b/;
  const accepts = (path) => path.endsWith('.ts') && !isClockModule(path);
  const problems = matching(
    tree,
    accepts,
    direct,
    (text) => `${text}: time and randomness come from Ports or a clock module`,
  );
  const hidden =
    /(?<![.\w])(set(Timeout|Interval|Immediate)|fetch)\(|\bcrypto\.(randomUUID|getRandomValues)\b/;
  const isSimulated = (path) => SIMULATED.test(path) && !isTest(path) && !isClockModule(path);
  problems.push(
    ...matching(tree, isSimulated, hidden, (text) => `${text}: use Ports, this code is simulated`),
  );
  for (const [path, text] of tree.files) {
    if (!isSimulated(path)) continue;
    const names = /import\s*(?:type\s*)?(\{[^}]*\}|[^'"]*)\s*from\s*'(?:node:)?crypto'/.exec(
      text,
    )?.[1];
    const isAllowed = (name) => PURE_CRYPTO.has(name);
    if (names === undefined) continue;
    const list = names.startsWith('{') ? names.slice(1, -1).split(',') : [names];
    const bad = list.map((name) => name.trim().replace(/^type /, '')).filter((n) => !isAllowed(n));
    if (bad.length > 0) problems.push(`${path}: ${bad.join(', ')} of node:crypto: use Ports`);
  }
  return problems;
}

function machinePaths(tree) {
  const folders = ['work', 'root', 'tmp', 'Users'].join('|');
  const path = new RegExp(`(?<![\\w.*)}\\]<-])/(?:${folders})(?=[/\\s"'\`),:;]|$)(?!\\w)`);
  const accepts = (name) => !name.endsWith('.json') || name.endsWith('package.json');
  return matching(tree, accepts, path, (text) => `${text} is a path of one machine`);
}

function registryHosts(tree) {
  const lock = tree.files.get('package-lock.json') ?? '';
  const found = /"resolved": "(https?:[^"]*)"/.exec(lock);
  const note = 'npm install --omit-lockfile-registry-resolved';
  return found === null ? [] : [`package-lock.json names a registry host; use ${note}`];
}

function sourcesOf(tree) {
  return new Map(
    [...tree.files].filter(([path]) => isSource(path) && !path.startsWith('examples/')),
  );
}

function deadFiles(tree) {
  const sources = sourcesOf(tree);
  const { references } = buildGraph(sources, tree.packages);
  const used = new Set(tree.entries);
  for (const [path, targets] of references) for (const to of targets) if (to !== path) used.add(to);
  return [...sources.keys()]
    .filter(
      (path) =>
        !used.has(path) &&
        !/\.test\.(ts|mjs)$/.test(path) &&
        !path.endsWith('.d.ts') &&
        !isExempt(path),
    )
    .map((path) => `${path}: nothing imports it and it is no entry`);
}

function importCycles(tree) {
  const { imports } = buildGraph(sourcesOf(tree), tree.packages);
  return findCycles(imports).map((cycle) => `${cycle[0]}: import cycle of ${cycle.join(', ')}`);
}

export const RULES = {
  fileLength,
  lineLength,
  leftovers,
  ascii,
  clocks,
  machinePaths,
  registryHosts,
  deadFiles,
  importCycles,
};

/** Tests that are skipped in the source: listed for the reader, no problem by themselves. */
export function skippedTests(tree) {
  const skip = /\b(?:t|test)\.skip\(|\bskip:\s*(?:true\b|['"`!]|[^,}]*\?)/;
  return matching(
    tree,
    (path) => isTest(path) && path.endsWith('.ts'),
    skip,
    (text) => text,
  );
}
