// Examples of the packs that read events of end systems: Windows, journald, macOS; and XML.
import type { ParserConformance } from '@weir/pipeline/testing';

const system =
  '<System><Provider Name="Microsoft-Windows-Security-Auditing"/><EventID>4625</EventID>' +
  '<Level>0</Level><Keywords>0x8010000000000000</Keywords>' +
  '<TimeCreated SystemTime="2026-02-28T22:14:15.5Z"/><Channel>Security</Channel>' +
  '<Computer>ws1.example.com</Computer></System>';
const data =
  '<EventData><Data Name="TargetUserName">alice</Data><Data Name="LogonType">3</Data>' +
  '<Data Name="IpAddress">192.0.2.7</Data><Data Name="Note">a &amp; b</Data></EventData>';

export const WINDOWS: Readonly<Record<string, ParserConformance>> = {
  windows_xml: {
    examples: [
      {
        raw: `<Event xmlns="x">${system}${data}</Event>`,
        fields: {
          class_uid: 3002,
          status_id: 2,
          'user.name': 'alice',
          'src_endpoint.ip': '192.0.2.7',
          'device.hostname': 'ws1.example.com',
        },
      },
      { raw: `<Event>${system}<EventData><Data Name="Target`, fields: { class_uid: 3002 } },
      { raw: '<Event>no such event</Event>', isForeign: true },
      { raw: '<note><to>alice</to></note>', isForeign: true },
    ],
  },
  windows_json: {
    format: 'json',
    examples: [
      {
        raw:
          '{"winlog":{"event_id":1,"provider_name":"Microsoft-Windows-Sysmon","event_data":' +
          '{"Image":"C:\\\\a.exe","ProcessId":"12","Hashes":"MD5=d41d8cd98f00b204e9800998ecf8427e",' +
          '"UtcTime":"2026-02-28 22:14:15.123"}},"host":{"name":"ws1"}}',
        fields: {
          class_uid: 1007,
          'process.file.path': 'C:\\a.exe',
          'process.pid': 12,
          'process.file.hashes.md5': 'd41d8cd98f00b204e9800998ecf8427e',
        },
      },
      {
        raw:
          '{"EventID":4624,"SourceName":"Microsoft-Windows-Security-Auditing","IpPort":"0",' +
          '"TargetUserName":"bob","EventTime":"2026-02-28 22:14:15"}',
        fields: { 'user.name': 'bob', 'src_endpoint.port': null },
      },
      { raw: '{"winlog":{"event_id":4624', rejected: 'json_invalid' },
      { raw: '{"message":"no event","level":"info"}', isForeign: true },
    ],
  },
};
