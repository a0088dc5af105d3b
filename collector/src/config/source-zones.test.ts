// Scenario: zones by address and network, overlapping, and what is neither.
// Guarantees: the narrowest network holds, `time_zone` is for the rest, and wrong settings are told
//   with their value.
import t from 'tap';
import { sourceZones } from './source-zones.js';

t.test('the narrowest network holds', async (t) => {
  const zoneOf = sourceZones({
    time_zone: '+01:00',
    time_zones: {
      '192.0.2.0/24': '+02:00',
      '192.0.2.7': '+03:00',
      '192.0.0.0/16': '+04:00',
      '2001:db8::/32': '-05:00',
    },
  });
  if (zoneOf === null) throw new Error('there are zones');
  const minutes = (source: string) => zoneOf(source)?.minutesAt(0);
  t.equal(minutes('192.0.2.9'), 120);
  t.equal(minutes('192.0.2.7'), 180);
  t.equal(minutes('192.0.3.1'), 240);
  t.equal(minutes('2001:db8::9'), -300);
  t.equal(minutes('203.0.113.1'), 60);
  t.equal(minutes('agent-7'), 60, 'a source that is no address');
  t.equal(minutes('192.0.2.9'), 120, 'and again');
});

t.test('nothing set, and only networks', async (t) => {
  t.equal(sourceZones({}), null);
  const zoneOf = sourceZones({ time_zones: { '192.0.2.0/24': 'Europe/Berlin' } });
  t.equal(zoneOf?.('203.0.113.1'), null);
  t.equal(zoneOf?.('192.0.2.1')?.minutesAt(Date.parse('2026-07-01T12:00:00Z') * 1000), 120);
});

t.test('wrong settings', async (t) => {
  const attempt = (time_zones: Record<string, string>) => () => sourceZones({ time_zones });
  for (const network of ['gate', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/8/8', '2001:db8::/129'])
    t.throws(attempt({ [network]: 'UTC' }), {
      code: 'WEIR_CONFIG_INVALID',
      message: new RegExp(`got "${network}"$`),
    });
  t.throws(attempt({ '192.0.2.1': 'Mars' }), {
    code: 'WEIR_CONFIG_INVALID',
    message: /got "Mars"$/,
  });
});
