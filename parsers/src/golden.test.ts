// Scenario: each folder src/<parser>/testcases/<case> holds input.raw (one event a line, the last
//   line end dropped), expected.jsonl and, where needed, config.json.
// Guarantees: every event of every case gives exactly the line that stands in expected.jsonl.
//   WEIR_UPDATE=1 writes expected.jsonl anew: read the difference before you keep it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { goldenCases, parsedLines } from './golden-cases.js';

const isUpdate = process.env.WEIR_UPDATE === '1';

for (const { name, folder, events, given } of goldenCases()) {
  t.test(name, (t) => {
    const actual = parsedLines(events, given);
    const path = join(folder, 'expected.jsonl');
    if (isUpdate) writeFileSync(path, `${actual.join('\n')}\n`);
    const expected = readFileSync(path, 'utf8').trimEnd().split('\n');
    t.equal(actual.length, expected.length, 'as many lines as events');
    actual.forEach((line, index) => {
      const wanted: unknown = JSON.parse(expected[index] ?? 'null');
      // As objects, so that a difference is shown attribute by attribute.
      t.strictSame(JSON.parse(line), wanted, `event ${index + 1}`);
    });
    t.end();
  });
}
