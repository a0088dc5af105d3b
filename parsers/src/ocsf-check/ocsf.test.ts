// Scenario: what the packs make of their golden cases, against the class definitions of OCSF 1.8 as
//   published.
// Guarantees: class, category and type belong together; every attribute is one of the class (or of
//   a profile) and of its type; enums have values of theirs; what a class requires is there. Where
//   Weir leaves OCSF on purpose, docs/adr/0024 says so.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { OcsfCheck, type OcsfSchema } from './check-event.js';

const sources = fileURLToPath(new URL('../../src', import.meta.url));
const schema = JSON.parse(
  readFileSync(join(sources, 'ocsf-check/schema-1.8.0.json'), 'utf8'),
) as OcsfSchema;
const check = new OcsfCheck(schema);

t.test('the check finds what is wrong', (t) => {
  const sound = { class_uid: 4001, category_uid: 4, activity_id: 6, type_uid: 400106 };
  const event = { ...sound, severity_id: 1, metadata: { version: '1.8.0', product: {} } };
  t.same(check.problemsOf(event), []);
  const wrong: [object, string][] = [
    [{ class_uid: 9 }, 'class_uid 9 is no class'],
    [{ category_uid: 3 }, 'category_uid 3 is not 4'],
    [{ activity_id: 5 }, 'type_uid 400106 is not of class and activity'],
    [{ severity_id: 42 }, 'severity_id has no value 42'],
    [{ reg_key: { path: 'x' } }, 'reg_key is no attribute of network_activity'],
    [{ src_endpoint: { ipv4: 'x' } }, 'src_endpoint.ipv4 is no attribute of network_endpoint'],
    [{ src_endpoint: 'x' }, 'src_endpoint is an object (network_endpoint)'],
    [{ traffic: { bytes: '12' } }, 'traffic.bytes is no number: 12'],
  ];
  for (const [change, problem] of wrong)
    t.match(check.problemsOf({ ...event, ...change }), [problem], problem);
  const { metadata: _, ...without } = event;
  t.same(check.problemsOf(without), ['metadata is required in network_activity']);
  t.end();
});

/** Generic parsers: class and ids are those that the sender names. */
const GENERIC: ReadonlySet<string> = new Set(['json', 'key-value']);

for (const parser of readdirSync(sources).filter((name) => !GENERIC.has(name))) {
  const cases = join(sources, parser, 'testcases');
  if (!existsSync(cases)) continue;
  for (const name of readdirSync(cases)) {
    t.test(`${parser}/${name}`, (t) => {
      const lines = readFileSync(join(cases, name, 'expected.jsonl'), 'utf8')
        .trimEnd()
        .split('\n');
      lines.forEach((line, index) => {
        const event = JSON.parse(line) as Record<string, unknown>;
        // What goes to quarantine is not offered as an event.
        if (event.error !== undefined) return;
        t.strictSame(check.problemsOf(event), [], `event ${index + 1}`);
      });
      t.end();
    });
  }
}
