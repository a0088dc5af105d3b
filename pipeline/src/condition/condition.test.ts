// Scenario: conditions over an event, those that the closures know and those that the library
//   evaluates; wrong ones; any expression of the common part over any event.
// Guarantees: an absent field makes a condition false, not an error; `has` asks for presence; what
//   is wrong is refused with its position and the nearest name; closures and library agree.
//   WEIR_SEED replays, WEIR_LONG=1 runs fifty times as many.
import fc from 'fast-check';
import t from 'tap';
import { batchOf, openRow } from '../event/test-row.js';
import type { Adds } from '../event/types.js';
import { compileCondition, compileExpression, compileWithContext } from './condition.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 50_000 : 1_000;
t.comment(`WEIR_SEED=${seed}`);

const adds: Adds = { 'labels.vip': 'boolean', 'risk.score': 'number' };

function eventOf(values: Readonly<Record<string, string | number | boolean>>) {
  const { event } = openRow(batchOf('<134>raw text'), adds);
  for (const [path, value] of Object.entries(values)) event.set(path, value);
  return event;
}

t.test('conditions that hold, and that do not', async (t) => {
  const event = eventOf({
    severity_id: 4,
    'src_endpoint.ip': '10.1.2.3',
    'dst_endpoint.port': 443,
    'metadata.product.name': 'FortiGate',
    time: 1_772_366_400_000_000,
    srcintfrole: 'lan',
    'labels.vip': true,
    'labels.site': 'berlin',
    'risk.score': 0.5,
    'odd key': 'x',
  });
  const cases: [string, boolean][] = [
    ['severity_id >= 4', true],
    ['severity_id > 4', false],
    ['severity_id == 4 && src_endpoint.ip.startsWith("10.")', true],
    ['dst_endpoint.port in [80, 443]', true],
    ['!(dst_endpoint.port in [80, 443])', false],
    ['src_endpoint.ip.matches("^10[.]1[.]")', true],
    ['metadata.product.name.contains("Gate")', true],
    ['metadata["product"].name.endsWith("Gate")', true],
    ['unmapped["srcintfrole"] == "lan"', true],
    ['unmapped.srcintfrole == "lan"', true],
    ['unmapped["odd key"] == "x"', true],
    ['labels.vip', true],
    ['labels.vip == false', false],
    ['labels.site == "berlin"', true],
    ['risk.score < 1.0', true],
    ['source == "192.0.2.10" && tenant == "acme" && stream.startsWith("node/")', true],
    ['raw_data.contains("raw")', true],
    ['severity_id == 4 ? labels.vip : false', true],
    ['severity_id > -1', true],
    ['true', true],
    ['cidr(src_endpoint.ip, "10.0.0.0/8")', true],
    ['cidr(src_endpoint.ip, ["192.0.2.0/24", "10.1.2.3"])', true],
    ['!cidr(src_endpoint.ip, "10.2.0.0/16")', true],
    ['cidr(src_endpoint.ip, "2001:db8::/32")', false],
    // No address: it cannot be told.
    ['cidr(labels.site, "0.0.0.0/0") || !cidr(labels.site, "0.0.0.0/0")', false],
    ['labels.site.matches("^b(er|on)")', true],
    ['labels.site.matches("(?i)BERLIN$")', true],
    ['labels.site.matches("x*y")', false],
    // An absent field.
    ['cidr(dst_endpoint.ip, "10.0.0.0/8")', false],
    ['!cidr(dst_endpoint.ip, "10.0.0.0/8")', false],
    ['src_endpoint.port == 22', false],
    ['src_endpoint.port != 22', false],
    ['!(src_endpoint.port == 22)', false],
    ['src_endpoint.port == 22 || severity_id == 4', true],
    ['severity_id == 5 || src_endpoint.port == 22', false],
    ['has(src_endpoint.port)', false],
    ['!has(src_endpoint.port)', true],
    ['has(src_endpoint.ip) && has(labels.vip) && !has(labels.none)', true],
    ['has(unmapped.srcintfrole)', true],
    ['unmapped["none"] == ""', false],
    // Beyond the closures.
    ['dst_endpoint.port % 2 == 1', true],
    ['dst_endpoint.port + 1 == 444', true],
    ['src_endpoint.port % 2 == 1', false],
    ['size(src_endpoint.ip) == 8', true],
    ['time > timestamp("2026-03-01T00:00:00Z")', true],
    ['time.getHours() == 12', true],
    ['unmapped.exists(key, key.startsWith("srcintf"))', true],
    ['[22, 443].exists(port, port == dst_endpoint.port)', true],
    ['"srcintfrole" in unmapped', true],
    ['src_endpoint.ip.lowerAscii() == "10.1.2.3"', true],
    ['string(dst_endpoint.port) == "443"', true],
    ['unmapped.exists(key, key.matches("^src.*role$"))', true],
    ['(labels.site + "x").matches("(?i)LINX$") && labels.site.matches("^b")', true],
    ['["matches"].exists(text, text.matches("^matches$"))', true],
    ['["10.0.0.0/8"].size() == 1 && cidr("10." + "1.2.3", ["10.0.0.0/8"])', true],
  ];
  for (const [text, expected] of cases)
    t.equal(compileCondition(text, { adds })(event), expected, text);
});

t.test('wrong conditions', async (t) => {
  const cases: [string, RegExp][] = [
    [
      'cidr(src_endpoint.ip, "10.0.0.0/33")',
      /"10\.0\.0\.0\/33" is no network or address at position 22/,
    ],
    ['cidr(src_endpoint.ip, "10.0.0.1/8")', /has bits behind its prefix of 8 bits/],
    ['cidr(src_endpoint.ip, [])', /cidr takes at least one network/],
    ['cidr(src_endpoint.ip, labels.net)', /cidr takes networks as they stand/],
    ['cidr(severity_id, "10.0.0.0/8")', /a string is wanted here, and severity_id is a number/],
    ['cidr(src_endpoint.ip)', /cidr/],
    ['message.matches(labels.pattern)', /takes a pattern that stands in the condition/],
    ['message.matches("(?=x)")', /is not a valid regular expression \(RE2\).* at position 16/],
    ['message.matches("(a)\\\\1")', /is not a valid regular expression \(RE2\)/],
    ['unmapped.exists(k, k.matches("["))', /is not a valid regular expression \(RE2\)/],
    [`message.matches("${'x'.repeat(1_001)}")`, /pattern too long: 1001 characters, limit is 1000/],
    ['severity_id >', /^Unexpected token.* at position 13; got "severity_id >"$/],
    ['severity_id == 4 )', /at position 17/],
    ['', /position 0/],
    [
      'sevrity_id == 4',
      /sevrity_id is not a known field; did you mean severity_id\? at position 0/,
    ],
    ['src_endpoint.ipp == "x"', /did you mean src_endpoint\.ip\?/],
    ['src_endpont.ip == "x"', /did you mean src_endpoint\.ip\?/],
    ['vendor_thing_of_ours == "x"', /unmapped\["vendor_thing_of_ours"\]/],
    [
      'dst_endpoint.ip == null',
      /no field is null; presence is asked for by has\(dst_endpoint\.ip\)/,
    ],
    ['null != severity_id', /no field is null/],
    ['time > 5', /time is a timestamp; compare it with timestamp\("/],
    ['"2026-01-31" < time', /time is a timestamp/],
    ['constructor == "x"', /constructor is not a known field/],
    ['has(severty_id.x)', /not a known field/],
    ['src_endpoint == "x"', /src_endpoint is no value/],
    ['unmapped.a.b == "x"', /unmapped\["a\.b"\]/],
    [
      'severity_id == "high"',
      /severity_id is a number and "high" is a string: they cannot be compared/,
    ],
    ['labels.vip == "true"', /labels\.vip is a boolean and "true" is a string/],
    ['severity_id in ["x"]', /severity_id is a number, and the list has a string/],
    ['labels.odd', /true or false; this is a string/],
    [
      'labels.odd && true',
      /labels\.odd is a string; declare it with adds: \{'labels\.odd': 'boolean'\} in the enricher/,
    ],
    ['labels.odd > 3', /cannot be compared; declare it with adds: \{'labels\.odd': 'number'\}/],
    ['severity_id && true', /a boolean is wanted here, and severity_id is a number/],
    ['severity_id.startsWith("x")', /a string is wanted/],
    ['src_endpoint.ip', /true or false; this is a string/],
    ['severity_id + 1', /true or false/],
    ['src_endpoint.ip.matches("(")', /not a valid regular expression/],
    ['nofunction(severity_id)', /nofunction/],
  ];
  for (const [text, expected] of cases)
    t.throws(
      () => compileCondition(text, { adds }),
      { code: 'WEIR_CONFIG_INVALID', message: expected },
      text,
    );
  t.throws(
    () => compileCondition('x ==', { at: '/transforms/f/condition' }),
    /^\/transforms\/f\/condition /,
  );
});

t.test('unknown names pass where components are not loaded', async (t) => {
  const event = eventOf({ 'team.name': 'blue', 'src_endpoint.zone': 'dmz' });
  const isOpen = true;
  t.equal(compileCondition('team.name == "blue"', { isOpen })(event), true);
  t.equal(compileCondition('src_endpoint.zone == "dmz"', { isOpen })(event), true);
  t.equal(compileCondition('team.name == 3', { isOpen })(event), false);
});

t.test('closures and library agree', async (t) => {
  const text = fc.constantFrom('', '10.', '10.1.2.3', 'lan', 'Gate', 'true');
  const integer = fc.constantFrom(0, 1, 3, 4, 22, 443);
  const texts = fc.constantFrom(
    'src_endpoint.ip',
    'metadata.product.name',
    'unmapped["srcintfrole"]',
    'labels.site',
    'source',
  );
  const numbers = fc.constantFrom('duration', 'dst_endpoint.port', 'risk.score');
  const compare = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
  const atom = fc.oneof(
    fc.tuple(texts, compare, text).map(([a, op, b]) => `${a} ${op} ${JSON.stringify(b)}`),
    fc.tuple(numbers, compare, integer).map(([a, op, b]) => `${a} ${op} ${b}`),
    fc.tuple(numbers, compare, numbers).map((parts) => parts.join(' ')),
    fc.tuple(numbers, fc.array(integer, { minLength: 1 })).map(([a, b]) => `${a} in [${b}]`),
    fc
      .tuple(texts, fc.constantFrom('startsWith', 'endsWith', 'contains', 'matches'), text)
      .map(([a, method, b]) => `${a}.${method}(${JSON.stringify(b)})`),
    fc
      .tuple(texts, fc.subarray(['10.0.0.0/8', '::/0', '192.0.2.1'], { minLength: 1 }))
      .map(([a, networks]) => `cidr(${a}, ${JSON.stringify(networks)})`),
    fc.constantFrom('labels.vip', 'has(labels.vip)', 'has(src_endpoint.ip)', 'true', 'false'),
  );
  const expression = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      atom,
      fc
        .tuple(tie('node'), fc.constantFrom('&&', '||'), tie('node'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('node').map((a) => `!(${a})`),
      fc.tuple(tie('node'), tie('node'), tie('node')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
  })).node;
  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
  const event = fc.record({
    'src_endpoint.ip': maybe(text),
    'metadata.product.name': maybe(text),
    srcintfrole: maybe(text),
    'labels.site': maybe(text),
    duration: maybe(integer),
    'dst_endpoint.port': maybe(integer),
    'risk.score': maybe(fc.constantFrom(0.5, 3, 22)),
    'labels.vip': maybe(fc.boolean()),
  });
  const property = fc.property(expression, event, (source, values) => {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    const row = eventOf(Object.fromEntries(given) as Record<string, string>);
    const fast = compileCondition(source, { adds })(row);
    return fast === compileWithContext(source, { adds })(row);
  });
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

t.test('a pattern takes time in proportion to the text, whatever it is', async (t) => {
  // A backtracking engine would take longer than the universe has been there.
  const condition = compileCondition('message.matches("^(a+)+$")');
  t.notOk(condition(eventOf({ message: `${'a'.repeat(20_000)}!` })));
  const slow = compileCondition('[message].exists(text, text.matches("^(a|a)*$"))');
  t.notOk(slow(eventOf({ message: `${'a'.repeat(5_000)}!` })));
});

t.test('expressions give values of a type', async (t) => {
  const event = eventOf({ 'src_endpoint.ip': '10.1.2.3', 'dst_endpoint.port': 443 });
  const cases: [string, string, unknown][] = [
    ['src_endpoint.ip', 'string', '10.1.2.3'],
    ['dst_endpoint.port', 'number', 443],
    ['dst_endpoint.port + 1', 'number', 444],
    ['dst_endpoint.port / 2', 'number', 221],
    ['"a" + src_endpoint.ip', 'string', 'a10.1.2.3'],
    ['cidr(src_endpoint.ip, "10.0.0.0/8") ? "inside" : "outside"', 'string', 'inside'],
    ['size(src_endpoint.ip) > 3', 'boolean', true],
    ['has(dst_endpoint.ip)', 'boolean', false],
    ['dst_endpoint.ip', 'string', undefined],
    ['1.5', 'number', 1.5],
  ];
  for (const [text, type, value] of cases) {
    const expression = compileExpression(text, { adds });
    t.equal(expression.type, type, text);
    t.equal(expression.run(event), value, text);
  }
  t.throws(() => compileExpression('[1]', { at: '/x' }), /^\/x a field takes text, a number, or/);
  event.set('time', 1_772_366_400_000_000);
  t.equal(compileExpression('time').run(event), 1_772_366_400_000_000, 'as the column has it');
  t.equal(compileExpression('time - duration("1s")').run(event), 1_772_366_399_000_000);
});
