// Examples for the conformance kit: PAN-OS, and the formats CEF and LEEF.
import type { ParserConformance } from '@weir/pipeline/testing';

const traffic =
  '1,2026/02/28 22:14:16,013201000001,TRAFFIC,end,2561,2026/02/28 22:14:15,192.0.2.10,' +
  '198.51.100.20,203.0.113.5,198.51.100.20,allow-web,corp\\alice,,ssl,vsys1,trust,untrust,' +
  'ethernet1/2,ethernet1/1,siem,2026/02/28 22:14:15,24223,1,55114,443,51990,443,0x400053,tcp,' +
  'allow,1574,539,1035,11,2026/02/28 22:13:51,24,any,0,77,0x0,DE,DE,0,6,5,tcp-fin';
const url =
  '1,2026/02/28 22:14:16,013201000001,THREAT,url,2561,2026/02/28 22:14:15,192.0.2.10,' +
  '198.51.100.20,0.0.0.0,0.0.0.0,allow-web,,,web-browsing,vsys1,trust,untrust,ethernet1/2,' +
  'ethernet1/1,siem,2026/02/28 22:14:15,24223,1,55114,80,0,0,0x0,tcp,alert,' +
  '"www.example.com/a,""b""",(9999),any,informational,client-to-server,78,0x0,DE,DE,0,text/html';

export const firewalls: Readonly<Record<string, ParserConformance>> = {
  panos_csv: {
    examples: [
      {
        raw: traffic,
        fields: { class_uid: 4001, 'traffic.bytes_in': 1035, 'actor.user.name': 'alice' },
      },
      {
        raw: url,
        fields: { class_uid: 4002, 'http_request.url.url_string': 'www.example.com/a,"b"' },
      },
      { raw: '1,2026/02/28 22:14:16,013201000001,OTHER,end,1', isForeign: true },
    ],
  },
  panos_json: {
    format: 'json',
    examples: [
      {
        raw:
          '{"TimeReceived":"2026-02-28T22:14:20Z","LogType":"TRAFFIC","Subtype":"end",' +
          '"TimeGenerated":"2026-02-28T22:14:15Z","SourceAddress":"192.0.2.10"}',
        fields: { class_uid: 4001, 'src_endpoint.ip': '192.0.2.10' },
      },
      { raw: '{"LogTime":"2026-02-28T22:14:20Z","LogType":"OTHER"}', isForeign: true },
      { raw: '{"LogTime":"2026-02-28T22:14:20Z","LogType":"SYSTEM"', rejected: 'json_invalid' },
    ],
  },
  cef: {
    examples: [
      {
        raw: 'CEF:0|Example|Gate|1.0|100|Blocked|8|src=192.0.2.1 msg=a b\\=c cs1=x y cs1Label=Rule',
        fields: { 'src_endpoint.ip': '192.0.2.1', message: 'a b=c', severity_id: 4 },
      },
      {
        raw: 'CEF:0|Palo Alto Networks|LF|2.0|TRAFFIC|end|3|src=192.0.2.1 act=deny',
        fields: { class_uid: 4001, disposition_id: 2 },
      },
      {
        raw: 'CEF:0|Fortinet|Fortigate|v7.2.8|00013|traffic:forward deny|3|src=192.0.2.1',
        fields: { class_uid: 4001 },
      },
      { raw: 'CEF:0|Example|Gate', isForeign: true },
    ],
  },
  leef: {
    examples: [
      {
        raw: 'LEEF:2.0|Example|Gate|1.0|login|^|src=192.0.2.1^usrName=alice^isLoginEvent=true',
        fields: { class_uid: 3002, 'user.name': 'alice' },
      },
      {
        raw: 'LEEF:1.0|Example|Gate|1.0|block|src=192.0.2.1\tsev=9',
        fields: { severity_id: 5 },
      },
      { raw: 'LEEF:1.0|Example', isForeign: true },
    ],
  },
};
