// Scenario: tables of any keys and rows, made and looked up; memory that is no table.
// Guarantees: everything that was put in is found with its row, and nothing else; the longest
//   network and the longest parent win; a table too large and memory of another form are refused.

import { networkOf, readAddress } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { networkKey } from '../tables/indicators.js';
import { TableBuilder } from './builder.js';
import { domainKey, hashKey, keyBytes, textKey, urlKey } from './keys.js';
import { KIND } from './layout.js';
import { TableView } from './view.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 10_000 : 200;
const MiB = 1024 * 1024;
t.comment(`WEIR_SEED=${seed}`);

t.test('any texts', async (t) => {
  const text = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }));
  const rows = fc.uniqueArray(fc.tuple(text, fc.string(), fc.string()), {
    selector: ([key]) => new TextDecoder().decode(new TextEncoder().encode(key)),
    maxLength: 300,
  });
  const property = fc.property(rows, fc.array(text), (given, others) => {
    const builder = new TableBuilder(2, MiB);
    for (const [key, a, b] of given) {
      const length = textKey(key);
      builder.add(KIND.text, keyBytes.slice(0, length), 0, length, [a, b]);
    }
    const view = new TableView(builder.finish());
    const find = (key: string): readonly string[] | null => {
      const found = view.find(KIND.text, keyBytes, 0, textKey(key));
      return found < 0 ? null : [0, 1].map((i) => view.text(view.rowOf(found), i));
    };
    const round = (value: string): string =>
      new TextDecoder().decode(new TextEncoder().encode(value));
    for (const [key, a, b] of given)
      if (find(key)?.join('\0') !== [a, b].map(round).join('\0')) return false;
    const known = new Set(given.map(([key]) => round(key)));
    return others.every((key) => known.has(round(key)) || find(key) === null);
  });
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

t.test('any networks: the longest that holds the address', async (t) => {
  const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  );
  const property = fc.property(
    fc.array(network, { maxLength: 30 }),
    fc.array(fc.oneof(fc.ipV4(), fc.ipV6())),
    (given, addresses) => {
      const builder = new TableBuilder(1, MiB);
      const networks = given.flatMap(
        ([address, prefix]) => networkOf(`${address}/${prefix}`) ?? [],
      );
      for (const { bytes, prefixLength } of networks) {
        const { kind, length } = networkKey(bytes, prefixLength);
        if (builder.find(kind, keyBytes, 0, length) < 0)
          builder.add(kind, keyBytes, 0, length, [`${prefixLength}`]);
      }
      const view = new TableView(builder.finish());
      return [...addresses, ...given.map(([address]) => address)].every((text) => {
        const bytes = new Uint8Array(16);
        const length = readAddress(text, bytes);
        if (length === 0) return false;
        const key = view.findAddress(bytes, length);
        const longest = Math.max(
          -1,
          ...networks
            .filter((each) => each.bytes.length === length && holds(each, bytes))
            .map(({ prefixLength }) => prefixLength),
        );
        return key < 0 ? longest < 0 : view.text(view.rowOf(key), 0) === `${longest}`;
      });
    },
  );
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

function holds(
  { bytes, prefixLength }: { bytes: Uint8Array; prefixLength: number },
  address: Uint8Array,
): boolean {
  const bits = (from: Uint8Array): string =>
    [...from.subarray(0, bytes.length)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits(bytes).slice(0, prefixLength) === bits(address).slice(0, prefixLength);
}

t.test('a domain and its parents', async (t) => {
  const builder = new TableBuilder(1, MiB);
  for (const name of ['evil.example', 'very.evil.example', 'co.uk.example']) {
    const length = domainKey(name);
    builder.add(KIND.domain, keyBytes.slice(0, length), 0, length, [name]);
  }
  const view = new TableView(builder.finish());
  const find = (name: string, hasParents = true): string | null => {
    const length = domainKey(name);
    const key = length < 0 ? -1 : view.findDomain(keyBytes, length, hasParents);
    return key < 0 ? null : view.keyText(key);
  };
  t.equal(find('EVIL.example.'), 'evil.example');
  t.equal(find('a.b.evil.example'), 'evil.example');
  t.equal(find('a.very.evil.example'), 'very.evil.example');
  t.equal(find('a.evil.example', false), null);
  t.equal(find('notevil.example'), null);
  t.equal(find('example'), null);
  t.equal(find('192.0.2.1'), null);
});

t.test('forms of one value', async (t) => {
  const keyOf = (length: number): string | null =>
    length < 0 ? null : new TextDecoder().decode(keyBytes.subarray(0, length));
  for (const [text, key] of [
    ['https://User@Host.Example:443/Path?q=1#part', 'host.example/Path?q=1'],
    ['host.example', 'host.example/'],
    ['http://host.example:80?x', 'host.example/?x'],
    ['host.example:8080/a', 'host.example:8080/a'],
    ['/only/a/path', null],
  ] as const)
    t.equal(keyOf(urlKey(text)), key, text);
  t.equal(keyOf(domainKey('b\u00fccher.example')), 'xn--bcher-kva.example');
  for (const name of ['', 'a', '.', 'a..b', 'a b.example', '-', 'example.'])
    t.equal(domainKey(name), -1, name);
  t.equal(keyOf(hashKey('D41D8CD98F00B204E9800998ECF8427E')), 'd41d8cd98f00b204e9800998ecf8427e');
  t.equal(hashKey('g41d8cd98f00b204e9800998ecf8427e'), -1);
  t.equal(hashKey('d41d'), -1);
});

t.test('limits', async (t) => {
  const builder = new TableBuilder(1, 10_000);
  t.throws(
    () => {
      for (let i = 0; i < 10_000; i++) {
        const length = textKey(`key ${i}`);
        builder.add(KIND.text, keyBytes.slice(0, length), 0, length, ['']);
      }
    },
    { message: /^table too large: \d+ bytes, limit is 10000$/ },
  );
  const small = new TableBuilder(1, MiB).finish();
  t.doesNotThrow(() => new TableView(small));
  t.throws(() => new TableView(new SharedArrayBuffer(8)), { message: /too short/ });
  t.throws(() => new TableView(new SharedArrayBuffer(4_096)), /no table of this version/);
  const longer = new SharedArrayBuffer(small.byteLength + 4);
  new Uint8Array(longer).set(new Uint8Array(small));
  t.throws(() => new TableView(longer), /bytes, \d+ wanted/);
});
