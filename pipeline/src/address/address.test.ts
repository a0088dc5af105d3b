// Scenario: addresses and networks as events and tables write them, and random ones.
// Guarantees: what node:net takes for an address is read, and nothing else (but for the stated
//   IPv4-in-IPv6 form and zones); a network contains exactly the addresses that share its prefix.
import { isIP } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { addressText, clearBits, contains, networkOf, readAddress } from './address.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 50_000 : 1_000;
t.comment(`WEIR_SEED=${seed}`);

const read = (text: string): string | null => {
  const bytes = new Uint8Array(16);
  const length = readAddress(text, bytes);
  return length === 0 ? null : addressText(bytes.subarray(0, length));
};

t.test('forms of addresses', async (t) => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['2001:db8::', '2001:db8::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ] as const)
    t.equal(read(text), canonical, text);
  for (const text of [
    ...['', '1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.4 ', 'a.b.c.d', '1..2.3'],
    ...[
      ':',
      ':::',
      '1:2',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      '::1%',
      '1:2:3:4:5:6:7:',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::g',
    ],
  ])
    t.equal(read(text), null, JSON.stringify(text));
});

t.test('as node:net has it', async (t) => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '.', '25', '::'), maxLength: 12 }),
  );
  const property = fc.property(address, (text) => (read(text) !== null) === (isIP(text) !== 0));
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

t.test('networks', async (t) => {
  const bytes = new Uint8Array(16);
  const holds = (network: string, address: string): boolean => {
    const found = networkOf(network);
    return found !== null && contains(found, bytes, readAddress(address, bytes));
  };
  t.ok(holds('10.0.0.0/8', '10.255.0.1'));
  t.notOk(holds('10.0.0.0/8', '11.0.0.1'));
  t.ok(holds('192.0.2.128/25', '192.0.2.200'));
  t.notOk(holds('192.0.2.128/25', '192.0.2.100'));
  t.ok(holds('0.0.0.0/0', '203.0.113.9'));
  t.notOk(holds('0.0.0.0/0', '2001:db8::1'));
  t.ok(holds('2001:db8::/32', '2001:db8:ffff::1'));
  t.ok(holds('192.0.2.1', '192.0.2.1'));
  t.equal(networkOf('10.0.0.1/8')?.isExact, false);
  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', 'x/8', '2001:db8::/129', '1/8'])
    t.equal(networkOf(text), null, text);
  const property = fc.property(
    fc.ipV4(),
    fc.ipV4(),
    fc.integer({ min: 0, max: 32 }),
    (one, other, prefixLength) => {
      const number = (text: string): number =>
        text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const size = 2 ** (32 - prefixLength);
      const isSame = Math.floor(number(one) / size) === Math.floor(number(other) / size);
      const cleared = new Uint8Array(16);
      clearBits(cleared, readAddress(one, cleared), prefixLength);
      const low = number(addressText(cleared.subarray(0, 4)));
      return holds(`${one}/${prefixLength}`, other) === isSame && low % size === 0;
    },
  );
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});
