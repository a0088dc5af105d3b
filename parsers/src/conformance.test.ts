// Scenario: the conformance kit on every pack of the list.
// Guarantees: what `testParser` of @weir/pipeline/testing asks for holds for each; a pack without
//   examples here fails.
import { type ParserConformance, testParser } from '@weir/pipeline/testing';
import t from 'tap';
import { CISCO } from './conformance/cisco.js';
import { f5Conformances } from './conformance/f5.js';
import { firewalls } from './conformance/firewalls.js';
import { linuxConformances } from './conformance/linux.js';
import { WINDOWS } from './conformance/windows.js';
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
  ...CISCO,
  ...WINDOWS,
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
  zeek_tsv: {
    examples: [
      {
        raw:
          '#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tproto\tservice\n' +
          '#types\ttime\taddr\tport\tenum\tstring\n1772366390.5\t192.0.2.1\t1234\ttcp\t-',
        fields: {
          class_uid: 4001,
          'src_endpoint.port': 1234,
          'connection_info.protocol_num': 6,
          app_name: null,
        },
      },
      {
        raw:
          '#fields;ts;who;n\n#types;time;set[string];count\n'.replace('#', '#separator ;\n#') +
          '1772366390.5;a\\x3bb;x',
      },
      { raw: '#fields\tts\n', isForeign: true },
      { raw: '1772366390.123456\ttext', isForeign: true },
    ],
  },
  zeek_json: {
    format: 'json',
    examples: [
      {
        raw:
          '{"ts":1772366390.5,"uid":"CaA9XkQ2mZ7fTb41x","id":{"orig_h":"192.0.2.1","orig_p":1},' +
          '"qtype_name":"A","qclass":1,"query":"www.example.com"}',
        fields: { class_uid: 4003, 'query.hostname': 'www.example.com', 'src_endpoint.port': 1 },
      },
      {
        raw: '{"_path":"x_new","ts":"2026-03-01T11:59:50Z","uid":"C1","id.orig_h":"192.0.2.1"}',
        fields: { class_uid: 4001, 'metadata.log_name': 'x_new' },
      },
      { raw: '{"ts":1772366390.5,"level":"info","msg":"no"}', isForeign: true },
    ],
  },
  w3c: {
    examples: [
      {
        raw:
          '#Software: Microsoft Internet Information Services 10.0\n' +
          '#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\n' +
          '2026-03-01 11:59:50 GET /a b=1 192.0.2.1 x+y 200',
        fields: {
          class_uid: 4002,
          'http_request.url.url_string': '/a?b=1',
          'http_request.user_agent': 'x y',
        },
      },
      { raw: '#Fields: c-ip x\n"a ""b""" c', fields: { 'src_endpoint.ip': null } },
      { raw: '#fields\ta\nb', isForeign: true },
    ],
  },
  csv: {
    examples: [
      {
        raw: '#Columns: time,src_ip,"user, full",n\n2026-03-01T11:59:50Z,192.0.2.1,"a ""b""",1',
        fields: { 'src_endpoint.ip': '192.0.2.1' },
      },
      { raw: '#Columns: a;b\n1;2', fields: { message: null } },
      { raw: 'a,b', isForeign: true },
    ],
  },
  fortigate_kv: {
    examples: [
      {
        raw: traffic,
        fields: { class_uid: 4001, 'src_endpoint.ip': '192.0.2.11', 'traffic.bytes_in': 1224 },
      },
      { raw: login, fields: { 'user.name': 'alice', class_uid: 3002 } },
      { raw: 'user=alice action=login', isForeign: true },
    ],
  },
  ...linuxConformances,
  ...f5Conformances,
  ...firewalls,
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
