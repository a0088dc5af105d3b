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
      {
        raw: `<Event>${system}<EventData><Data Name="TargetUserName">al</Data><Data`,
        fields: { class_uid: 3002 },
      },
      { raw: '<Event>no such event</Event>', isForeign: true },
      { raw: '<note><to>alice</to></note>', isForeign: true },
    ],
  },
  xml: {
    examples: [
      {
        raw: '<alarm id="7"><src_ip>192.0.2.7</src_ip><msg>a &amp; b</msg></alarm>',
        fields: { message: 'a & b', 'src_endpoint.ip': '192.0.2.7' },
      },
      { raw: '<?xml version="1.0"?>\n<a>\n <b c="d">e</b>\n</a>' },
      { raw: '<alice@example.com> wrote', isForeign: true },
      { raw: '<!DOCTYPE a><a>b</a>', isForeign: true },
    ],
  },
  journald: {
    format: 'json',
    examples: [
      {
        raw:
          '{"__REALTIME_TIMESTAMP":"1772316855123456","PRIORITY":"4","_PID":"12","MESSAGE":"text",' +
          '"SYSLOG_IDENTIFIER":"app","_HOSTNAME":"web1"}',
        fields: { message: 'text', severity_id: 3, 'actor.process.pid': 12 },
      },
      {
        raw: '{"PRIORITY":"6","_BOOT_ID":"0f","message":"Started","host":"web1"}',
        fields: { 'device.hostname': 'web1' },
      },
      {
        raw: '{"MESSAGE":[72,105],"PRIORITY":"6","__CURSOR":"c"}',
        fields: { message: 'Hi', 'metadata.uid': 'c' },
      },
      { raw: '{"message":"no entry"}', isForeign: true },
    ],
  },
  macos_log: {
    examples: [
      {
        raw: '2026-02-28 22:14:15+01 mac1 installd[350]: PackageKit: done',
        fields: {
          'actor.process.name': 'installd',
          'actor.process.pid': 350,
          'device.hostname': 'mac1',
          message: 'PackageKit: done',
        },
      },
      {
        raw: '2026-02-28 22:14:15.123 E  app[7:1f] [com.apple.x:y] broken',
        fields: { severity_id: 4, 'metadata.log_name': 'com.apple.x', message: 'broken' },
      },
      { raw: '2026-02-28 22:14:15.123 INFO app - text', isForeign: true },
    ],
  },
  macos_json: {
    format: 'json',
    examples: [
      {
        raw:
          '{"eventMessage":"text","processImagePath":"/usr/sbin/sshd","processID":7,' +
          '"messageType":"Fault","timestamp":"2026-02-28 22:14:15.123456+0100"}',
        fields: { severity_id: 5, 'actor.process.name': 'sshd', 'actor.process.pid': 7 },
      },
      {
        raw: '{"host":"mac1","message":"2026-02-28 22:14:15+01 mac1 installd[3]: ok"}',
        fields: { message: 'ok' },
      },
      { raw: '{"message":"text","host":"mac1"}', isForeign: true },
    ],
  },
  windows_snare: {
    examples: [
      {
        raw:
          'MSWinEventLog\t1\tSecurity\t12\tSat Feb 28 22:14:15 2026\t4625\t' +
          'Microsoft-Windows-Security-Auditing\tEXAMPLE\\alice\tN/A\tFailure Audit\tws1.example.com\t' +
          'Logon\t\tAn account failed to log on.    Account For Which Logon Failed:   ' +
          'Account Name:  bob   Logon Type:  3\t99',
        fields: { class_uid: 3002, status_id: 2, 'user.name': 'bob', 'metadata.sequence': 99 },
      },
      { raw: 'MSWinEventLog\t1\tSecurity', isForeign: true },
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
