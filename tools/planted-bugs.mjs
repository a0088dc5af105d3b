// Runs the lanes that look for planted bugs and writes docs/planted-bugs.md: what was planted,
// where the mistake was reported, which lane found it, and after how much. Run it after a build:
// node tools/planted-bugs.mjs. Exit code 1 when a bug was not found.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS } from '../pipeline/dist/testing/index.js';

/** Tests that print lines made by plantedLine(). */
const TESTS = [
  'spool/dist/fault/planted.test.js',
  'sinks/dist/clickhouse/receipts/loader-receipts.test.js',
  'simulation/dist/planted.test.js',
  'lanes/dist/strace/planted.test.js',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const found = new Map();
let failures = 0;
for (const test of TESTS.filter((path) => existsSync(root + path))) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 };
  const run = spawnSync(process.execPath, [test], options);
  if (run.status !== 0) failures++;
  for (const [, json] of run.stdout.matchAll(/^\s*# planted (\{.*\})$/gm)) {
    const line = JSON.parse(json);
    found.set(line.bug, line);
  }
}

const rows = [];
for (const [bug, { text, source }] of Object.entries(PLANTED_BUGS)) {
  const line = found.get(bug);
  if (line === undefined) {
    console.error(`${bug} was not found by any lane`);
    failures++;
    continue;
  }
  const effort = `${line.count.toLocaleString('en')} ${line.unit}`;
  rows.push(`| \`${bug}\`: ${text} | ${source} | ${line.lane} | ${effort} | ${line.seconds} |`);
}
const document = `# Planted bugs

Mistakes that other collectors, logs and buffers made, put into Weir one at a time behind a switch
that only tests can reach (pipeline/src/planted.ts). A lane that does not find its bug fails the
tests. This page is written by \`npm run planted\`; seconds are those of one run on a shared machine
with two cores. "design" in the second column: no report of that very mistake, but a rule of the
named document that a lane must be able to defend.

| bug | source | lane | tried until found | seconds |
|---|---|---|---|---|
${rows.join('\n')}

${rows.length} bugs.
`;
writeFileSync(`${root}docs/planted-bugs.md`, document);
process.stdout.write(`docs/planted-bugs.md: ${rows.length} bugs\n`);
process.exitCode = failures === 0 ? 0 : 1;
