// Scenario: the conformance kit on every pack of the list.
// Guarantees: what `testParser` of @weir/pipeline/testing asks for holds for each; a pack without
//   examples here fails.
import { type ParserConformance, testParser } from '@weir/pipeline/testing';
import t from 'tap';
import { all } from './index.js';

const traffic =
  'date=2026-02-28 time=22:14:15 devname="fw-edge" devid="FGT60F0000000001" ' +
  'eventtime=1772316855123456789 tz="+0000" logid="0000000013" type="traffic" ' +
  'subtype="forward" level="notice" vd="root" srcip=192.0.2.11 srcport=58012 ' +
  'dstip=198.51.100.56 dstport=443 proto=6 action="close" sentbyte=1188 rcvdbyte=1224';
const login =
  'date=2026-02-28 time=22:14:15 devname="fw-edge" devid="FGT60F0000000001" ' +
  'logid="0100032001" type="event" subtype="system" level="information" vd="root" ' +
  'logdesc="Admin login successful" user="alice" srcip=192.0.2.5 action="login" status="success"';

const conformances: Readonly<Record<string, ParserConformance>> = {
  syslog_5424: {
    examples: [
      {
        raw: '<165>1 2026-02-28T22:14:15.003Z gate app 12 ID47 [a@32473 x="1" y="say \\"hi\\""] text',
        fields: {
          message: 'text',
          'device.hostname': 'gate',
          'actor.process.pid': 12,
          'syslog.facility': 20,
        },
      },
      { raw: '<13>1 - - - - - -', fields: { message: null } },
      { raw: '<34>Feb 28 22:14:15 gate su: no', isForeign: true },
    ],
  },
  syslog_3164: {
    examples: [
      {
        raw: '<38>Feb  8 22:14:15 gate sshd[4711]: Accepted publickey for alice',
        fields: { message: 'Accepted publickey for alice', 'actor.process.name': 'sshd' },
      },
      { raw: '<13>just words: and a colon' },
      { raw: '<13>1 2026-02-28T22:14:15Z - - - - - no', isForeign: true },
    ],
  },
  json: {
    format: 'json',
    examples: [
      {
        raw: '{"time":"2026-03-01T11:59:58Z","message":"hello \\u00e4","host":"app1","n":[1,{"a":null}]}',
        fields: { message: 'hello \u00e4', 'device.hostname': 'app1' },
      },
      { raw: '{"source":{"ip":"192.0.2.1","port":1234}}', fields: { 'src_endpoint.port': 1234 } },
      { raw: '{"a":1', rejected: 'json_invalid' },
    ],
  },
  key_value: {
    examples: [
      {
        raw: 'user=alice, action=login, note="a \\"b\\"", src_ip=192.0.2.1 src_port=99999',
        fields: { 'actor.user.name': 'alice', action: 'login', 'src_endpoint.port': null },
      },
      { raw: 'a=1|b=2|c=3', fields: { message: null } },
      { raw: 'only=one pair and then text', isForeign: true },
    ],
  },
  fortigate_kv: {
    examples: [
      {
        raw: traffic,
        fields: { class_uid: 4001, 'src_endpoint.ip': '192.0.2.11', 'traffic.bytes_in': 1224 },
      },
      { raw: login, fields: { 'actor.user.name': 'alice' } },
      { raw: 'user=alice action=login', isForeign: true },
    ],
  },
  cisco_asa: {
    examples: [
      {
        raw: '%ASA-4-106023: Deny tcp src outside:203.0.113.7/40312 dst dmz:192.0.2.20/443 by access-group "in" [0x0, 0x0]',
        fields: { class_uid: 4001, 'src_endpoint.port': 40312, 'firewall_rule.name': 'in' },
      },
      {
        raw: '%FTD-1-430002: SrcIP: 192.0.2.10, DstIP: 203.0.113.7, Protocol: tcp, AccessControlRuleAction: Block',
        fields: { 'src_endpoint.ip': '192.0.2.10', disposition_id: 2 },
      },
      { raw: ': %ASA-session-6-302013: Built outbound TCP connection 1 for outside:203' },
      { raw: '%SYS-5-CONFIG_I: Configured from console', isForeign: true },
    ],
  },
  cisco_ios: {
    examples: [
      {
        raw: '%SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.7(40312) -> 192.0.2.10(22), 1 packet',
        fields: { 'dst_endpoint.port': 22, 'metadata.event_code': 'IPACCESSLOGP' },
      },
      {
        raw: ': sw01: *Mar  1 12:00:00.511 CET: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up',
      },
      { raw: '50 %done with 5-6 items', isForeign: true },
    ],
  },
  cisco_meraki: {
    examples: [
      {
        raw: '1 1772366399.514 mx flows deny src=192.0.2.11 dst=198.51.100.20 protocol=tcp sport=1 dport=2',
        fields: { disposition_id: 2, 'device.hostname': 'mx' },
      },
      { raw: "1 1772366399.514 mr events type=association client_mac='02:00:5E:00:00:03'" },
      { raw: '1 1772366399.514 mx other text', isForeign: true },
    ],
  },
  cisco_ise: {
    examples: [
      {
        raw:
          'CISE_Failed_Attempts 0000000102 1 0 2026-03-01 12:59:59.135 +01:00 0000004712 5400 NOTICE ' +
          'Failed-Attempt: Authentication failed, UserName=bob,',
        fields: { 'user.name': 'bob', status_id: 2 },
      },
      { raw: 'CISE_Passed_Authentications 0000000101 2 1  Step=1, Step=2, A=b\\,c,' },
      { raw: 'CISE_Alarm Warning: text', isForeign: true },
    ],
  },
};

t.test('every pack conforms', async (t) => {
  t.strictSame(Object.keys(conformances).sort(), all.map(({ name }) => name).sort());
  for (const pack of all) {
    t.test(pack.name, async (t) => {
      const conformance = conformances[pack.name];
      t.ok((conformance?.examples ?? []).length > 1, 'there are examples');
      await testParser(t, pack, conformance);
    });
  }
});
