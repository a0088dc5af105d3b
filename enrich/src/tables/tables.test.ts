// Scenario: files of indicators and lookup tables as people write them, right and wrong; MMDB files
// of all record sizes.
// Guarantees: all formats of the same rows give the same; what is wrong is told with its place;
//   tiers, sources and confidences merge as TI-05 to TI-08 say; the walk through an MMDB file finds
//   what the library finds.
import { Buffer } from 'node:buffer';
import {
  addressText,
  type IocDocument,
  type LookupDocument,
  readAddress,
  type TableDocument,
} from '@weir/pipeline';
import fc from 'fast-check';
import { Reader } from 'mmdb-lib';
import t from 'tap';
import { formatOf, rowsOf } from '../formats/rows.js';
import { addressBytes, addressKey, domainKey, keyBytes } from '../table/keys.js';
import { TableView } from '../table/view.js';
import { buildTable } from '../table-spec.js';
import { writeMmdb } from '../testing/index.js';
import { COLUMN } from './indicators.js';
import { MmdbView } from './mmdb.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 20_000 : 500;
t.comment(`WEIR_SEED=${seed}`);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const ioc = (over: Partial<IocDocument> = {}): IocDocument => ({
  type: 'ioc',
  inputs: [],
  path: 'list.csv',
  addresses: ['src_endpoint.ip'],
  domains: [],
  urls: [],
  hashes: [],
  ...over,
});
const indicators = (text: string, over: Partial<IocDocument> = {}) => {
  const built = buildTable(ioc(over), bytesOf(text));
  const view = new TableView(built.bytes);
  const find = (name: string): Record<string, string> | null => {
    const address = addressKey(name);
    const length = address === 0 ? domainKey(name) : address;
    const key =
      address === 0
        ? view.findDomain(keyBytes, length, true)
        : view.findAddress(addressBytes, address);
    if (key < 0) return null;
    const row = view.rowOf(key);
    return {
      indicator: view.keyText(key),
      ...Object.fromEntries(
        Object.entries(COLUMN).map(([column, index]) => [column, view.text(row, index)]),
      ),
    };
  };
  return { ...built, view, find };
};

t.test('one list in all formats', async (t) => {
  const rows = [
    { indicator: '203.0.113.7', source: 'one', tier: 2, description: 'a "quoted", text' },
    { indicator: '*.Evil[.]example', source: 'two', tier: '', description: '' },
  ];
  const csv =
    'indicator,source,tier,description\r\n203.0.113.7,one,2,"a ""quoted"", text"\r\n' +
    '*.Evil[.]example,two,,\r\n';
  const wanted = [
    { indicator: '203.0.113.7', sources: 'one', tier: '2', confidence: 'medium' },
    { indicator: 'evil.example', sources: 'two', tier: '', confidence: 'low' },
  ];
  const texts = {
    'list.csv': csv,
    'list.json': JSON.stringify(rows),
    'list.ndjson': `${rows.map((row) => JSON.stringify(row)).join('\n\n')}\n`,
  };
  for (const [path, text] of Object.entries(texts)) {
    const { find, keyCount, rejectedCount } = indicators(text, { path });
    t.strictSame([keyCount, rejectedCount], [2, 0], path);
    t.match(find('203.0.113.7'), wanted[0], path);
    t.match(find('a.evil.example'), wanted[1], path);
    t.equal(find('203.0.113.7')?.description, 'a "quoted", text');
  }
  const { find } = indicators('# list\n203.0.113.7 # scanner\n\nevil.example\n', {
    path: 'list.txt',
    source: 'mine',
    tier: 1,
  });
  t.match(find('203.0.113.7'), { sources: 'mine', tier: '1', confidence: 'high' });
});

t.test('tiers, sources and confidence', async (t) => {
  const head = 'indicator,sources,tier,confidence,valid_until\n';
  const { find, view } = indicators(
    `${head}a.example,one,1,low,\nb.example,otx,4,,\nb.example,two;three,3,medium,\n` +
      'c.example,x,,,2026-01-01T00:00:00Z\nc.example,y,,,2027-01-01T00:00:00Z\n' +
      'd.example,x,,,2026-01-01T00:00:00Z\nd.example,y,,,\n',
  );
  t.match(find('a.example'), { confidence: 'high' }, 'tier 1 alone is high');
  t.match(find('b.example'), { sources: 'otx,three,two', tier: '3', confidence: 'medium' });
  const endOf = (name: string): boolean[] => {
    const key = view.findDomain(keyBytes, domainKey(name), true);
    return ['2026-06-01', '2027-06-01'].map((day) => view.holdsAt(key, Date.parse(day) / 1000));
  };
  t.strictSame(endOf('c.example'), [true, false]);
  t.strictSame(endOf('d.example'), [true, true]);
  const strict = indicators(`${head}a.example,one,2,high,\nb.example,one,4,,\n`, {
    min_confidence: 'high',
  });
  t.ok(strict.find('a.example'));
  t.equal(strict.find('b.example'), null);
});

t.test('more sources never lower a confidence', async (t) => {
  const row = fc.record({
    source: fc.constantFrom('a', 'b', 'c'),
    tier: fc.constantFrom('', '1', '2', '3', '4', '5'),
    confidence: fc.constantFrom('', 'low', 'medium', 'high'),
  });
  const rankOf = (rows: readonly { source: string; tier: string; confidence: string }[]) => {
    const lines = rows.map(({ source, tier, confidence }) =>
      ['x.example', source, tier, confidence].join(),
    );
    const { find } = indicators(`indicator,source,tier,confidence\n${lines.join('\n')}\n`);
    return ['low', 'medium', 'high'].indexOf(find('x.example')?.confidence ?? '');
  };
  const rows = fc.array(row, { minLength: 1, maxLength: 5 });
  const property = fc.property(
    rows,
    row,
    (some, more) =>
      rankOf([...some, more]) >= rankOf(some) && rankOf(some) >= rankOf([some[0] as never]),
  );
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

t.test('what is wrong with a list', async (t) => {
  const wrong = (text: string, over: Partial<IocDocument> = {}) => {
    try {
      indicators(text, over);
      return 'nothing';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.equal(wrong(''), 'it has no indicators');
  t.equal(wrong('indicator\n'), 'it has no indicators');
  t.equal(wrong('name\nx.example\n'), 'line 2: there is no column indicator');
  t.equal(wrong('indicator,tier\nx.example\n'), 'line 2: 1 values, and 2 columns');
  t.equal(wrong('a,a\n1,2\n'), 'line 1: two columns a');
  t.equal(wrong('indicator\n"x\n'), 'line 2: a quoted value has no end');
  t.equal(wrong('indicator\n"x"y\n'), 'line 2: something stands behind a quoted value');
  t.match(wrong('{"indicator":1', { path: 'l.ndjson' }), /^line 1 is not JSON: /);
  t.equal(wrong('{}', { path: 'l.json' }), 'it is not a list of objects');
  t.equal(wrong('[1]', { path: 'l.json' }), 'item 1 is not an object');
  t.equal(wrong('x', { path: 'l.list' }), 'its name does not tell the format: set format');
  t.equal(
    wrong('indicator\nnot a domain\n'),
    '1 of 1 rows are no indicators: line 2: no domain: "not a domain"',
  );
  t.match(wrong('indicator,tier\nx.example,9\n'), /tier must be 1 to 5; got "9"/);
  t.match(wrong('indicator,confidence\nx.example,sure\n'), /must be low, medium, high; got "sure"/);
  t.match(wrong('indicator,type\nx.example,mutex\n'), /type mutex is not known/);
  t.match(wrong('indicator,type\nx.example,ip\n'), /no address or network/);
  t.match(wrong(`indicator\n${'x'.repeat(5_000)}\n`), /line 2: value too long: 5000 characters/);
  t.match(
    wrong('indicator\nx.example\n', { max_bytes: 10 }),
    /^file too large: 20 bytes, limit is 10/,
  );
  t.equal(
    (() => {
      try {
        rowsOf(Uint8Array.of(0xff), 'csv');
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })(),
    'it is not UTF-8 text',
  );
  const most = Array.from({ length: 20 }, (_, i) => `h${i}.example`).join('\n');
  const { keyCount, rejectedCount, firstRejection } = indicators(`indicator\n${most}\n???\n`);
  t.strictSame([keyCount, rejectedCount], [20, 1]);
  t.equal(firstRejection, 'line 22: no domain: "???"');
  t.equal(formatOf('x.JSONL'), 'ndjson');
});

const lookup = (over: Partial<LookupDocument> = {}): TableDocument => ({
  type: 'lookup',
  inputs: [],
  path: 'assets.csv',
  field: 'src_endpoint.ip',
  key_column: 'net',
  match: 'cidr',
  set: { 'labels.owner': 'owner', 'src_endpoint.port': 'port' },
  ...over,
});

t.test('what is wrong with a lookup table', async (t) => {
  const wrong = (text: string, over: Partial<LookupDocument> = {}) => {
    try {
      buildTable(lookup(over), bytesOf(text));
      return 'nothing';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.equal(wrong('net,owner,port\n10.0.0.0/8,it,1\n'), 'nothing');
  t.equal(wrong('net,owner,port\n'), 'it has no rows');
  t.match(
    wrong('net,owner\n10.0.0.0/8,it\n'),
    'line 2: there is no column port; there are net, owner',
  );
  t.equal(wrong('net,owner,port\nx,it,1\n'), 'line 2: "x" is no network or address');
  t.equal(
    wrong('net,owner,port\n10.0.0.0/8,it,1\n10.0.0.1/8,hr,1\n'),
    'line 3: "10.0.0.1/8" comes a second time',
  );
  t.equal(
    wrong('net,owner,port\n10.0.0.0/8,it,many\n'),
    'line 2: port must be a number; got "many"',
  );
  t.equal(wrong('net,owner,port\n,it,1\n', { match: 'exact' }), 'line 2: the key is empty');
  t.equal(
    wrong('net,owner,port\nA,it,1\na,it,1\n', { match: 'ignore_case' }),
    'line 3: "a" comes a second time',
  );
  t.equal(wrong('[{"net":"10.0.0.0/8"}]', { path: 'a.json' }), 'nothing', 'JSON may leave out');
});

t.test('MMDB files: the walk finds what the library finds', async (t) => {
  const entries = [
    { network: '2001:db8::/32', record: { country: { iso_code: 'AT' }, asn: 'AS64501' } },
    { network: '203.0.0.0/8', record: { country_code: 'FR', city: 'Paris', region: 'IDF' } },
    {
      network: '203.0.113.0/24',
      record: {
        country: { iso_code: 'DE' },
        subdivisions: [{ iso_code: 'BE', names: { en: 'Land Berlin', de: 'Berlin' } }],
        city: { names: { en: 'Berlin' } },
        location: { latitude: 52.5, longitude: -13.4 },
        autonomous_system_number: 64_500,
        autonomous_system_organization: 'Example Net',
      },
    },
  ];
  for (const size of [24, 28, 32] as const) {
    const file = writeMmdb(entries, size);
    const { bytes } = buildTable({ type: 'geoip', inputs: [], path: 'x', fields: [] }, file);
    const view = new MmdbView(bytes, 'de');
    const reader = new Reader(Buffer.from(file));
    const find = (text: string) => {
      const address = new Uint8Array(16);
      const length = readAddress(text, address);
      return length === 0 ? null : view.find(address, length);
    };
    t.strictSame(find('203.0.113.200'), {
      country: 'DE',
      region: 'Berlin',
      city: 'Berlin',
      lat: 52.5,
      long: -13.4,
      asNumber: 64_500,
      asName: 'Example Net',
    });
    t.match(find('203.1.2.3'), { country: 'FR', city: 'Paris', region: 'IDF' });
    t.match(find('2001:db8::1'), { country: 'AT', asNumber: 64_501 });
    t.equal(find('192.0.2.1'), null);
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = new Uint8Array(16);
      const length = readAddress(text, address);
      const known = reader.get(addressText(address.slice(0, length)));
      return (find(text) === null) === (known === null);
    });
    t.doesNotThrow(() => fc.assert(property, { seed, numRuns }), `${size} bits`);
  }
});

t.test('MMDB files that are none', async (t) => {
  const good = writeMmdb([{ network: '203.0.113.0/24', record: { country_code: 'DE' } }]);
  const build = (bytes: Uint8Array) => () =>
    buildTable({ type: 'geoip', inputs: [], path: 'x', fields: [] }, bytes);
  t.doesNotThrow(build(good));
  t.throws(build(new Uint8Array(0)), /it is no MMDB file/);
  t.throws(build(bytesOf('indicator\nx.example\n')), /it is no MMDB file/);
  t.throws(build(good.subarray(400)), /it is cut|it is damaged|it is no MMDB file/);
  const property = fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(), (junk, at) => {
    const bytes = Uint8Array.from(good);
    bytes.set(junk.subarray(0, Math.max(0, bytes.length - (at % bytes.length))), at % bytes.length);
    try {
      build(bytes)();
    } catch (error) {
      return error instanceof Error && error.constructor.name === 'TableError';
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});
