// Scenario: one event as every shipper sends it: the XML of Windows, Winlogbeat, NXLog, Vector, an
//   evtx tool, XML inside of a message, Wazuh.
// Guarantees: the normalised event is the same, but for what only the shipper knows.
import { ColumnWriter, EventRow } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';

const GUID = '{54849625-5478-4994-a5ba-3e3b0328c30d}';
const PROCESS_GUID = '{5aa13a44-0b18-68fd-6336-000000004002}';
interface Case {
  readonly id: number;
  readonly provider: string;
  readonly channel: string;
  readonly isAudit: boolean;
  readonly data: Readonly<Record<string, string>>;
}
const CASES: readonly Case[] = [
  {
    id: 4624,
    provider: 'Microsoft-Windows-Security-Auditing',
    channel: 'Security',
    isAudit: true,
    data: {
      SubjectUserName: '-',
      TargetUserSid: 'S-1-5-21-1-2-3-1104',
      TargetUserName: 'alice',
      TargetDomainName: 'EXAMPLE',
      LogonType: '10',
      AuthenticationPackageName: 'Negotiate',
      IpAddress: '192.0.2.44',
      IpPort: '50211',
      ProcessName: 'C:\\Windows\\System32\\svchost.exe',
      ElevatedToken: '%%1842',
    },
  },
  {
    id: 1,
    provider: 'Microsoft-Windows-Sysmon',
    channel: 'Microsoft-Windows-Sysmon/Operational',
    isAudit: false,
    data: {
      UtcTime: '2026-02-28 22:14:15.123',
      ProcessGuid: PROCESS_GUID,
      ProcessId: '7232',
      Image: 'C:\\Windows\\System32\\cmd.exe',
      CommandLine: '"cmd.exe" /c "a & b" > c',
      User: 'EXAMPLE\\alice',
      Hashes: `SHA256=${'0A'.repeat(32)}`,
      ParentImage: 'C:\\Windows\\explorer.exe',
      TerminalSessionId: '2',
    },
  },
];
const TIME = '2026-02-28T22:14:15.123Z';
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const keywordsOf = ({ isAudit }: Case): string =>
  isAudit ? '0x8020000000000000' : '0x8000000000000000';

function xmlOf(event: Case): string {
  const data = Object.entries(event.data).map(
    ([name, value]) => `<Data Name="${name}">${escaped(value)}</Data>`,
  );
  return (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">\n  <System>' +
    `<Provider Name="${event.provider}" Guid="${GUID}"/><EventID>${event.id}</EventID>` +
    `<Level>${event.isAudit ? 0 : 4}</Level><Keywords>${keywordsOf(event)}</Keywords>` +
    `<TimeCreated SystemTime="${TIME}"/><EventRecordID>77</EventRecordID>` +
    `<Channel>${event.channel}</Channel><Computer>ws1.example.com</Computer></System>\n` +
    `  <EventData>${data.join('\n')}</EventData>\n</Event>`
  );
}

const jsonOf: Readonly<Record<string, (event: Case) => unknown>> = {
  winlogbeat: (event) => ({
    '@timestamp': TIME,
    event: { code: `${event.id}`, kind: 'event' },
    host: { name: 'ws1.example.com' },
    log: { level: 'information' },
    winlog: {
      channel: event.channel,
      computer_name: 'ws1.example.com',
      event_data: event.data,
      event_id: event.id,
      keywords: event.isAudit ? ['Audit Success'] : [],
      provider_name: event.provider,
      provider_guid: GUID,
      record_id: 77,
    },
  }),
  nxlog: (event) => ({
    EventTime: TIME,
    Hostname: 'ws1.example.com',
    EventType: event.isAudit ? 'AUDIT_SUCCESS' : 'INFO',
    SeverityValue: 2,
    EventID: event.id,
    SourceName: event.provider,
    ProviderGuid: GUID,
    RecordNumber: 77,
    Channel: event.channel,
    ...event.data,
    SourceModuleType: 'im_msvistalog',
  }),
  vector: (event) => ({
    channel: event.channel,
    computer: 'ws1.example.com',
    event_data: event.data,
    event_id: event.id,
    keywords: keywordsOf(event),
    level: 'Information',
    provider_name: event.provider,
    provider_guid: GUID,
    record_id: 77,
    timestamp: TIME,
  }),
  evtx: (event) => ({
    Event: {
      System: {
        Provider: { '#attributes': { Name: event.provider, Guid: GUID } },
        EventID: event.id,
        Level: 4,
        Keywords: keywordsOf(event),
        TimeCreated: { '#attributes': { SystemTime: TIME } },
        EventRecordID: 77,
        Channel: event.channel,
        Computer: 'ws1.example.com',
        Correlation: null,
      },
      EventData: { ...event.data, ProcessId: Number(event.data.ProcessId ?? 0) || undefined },
    },
  }),
  message: (event) => ({ message: xmlOf(event), source_type: 'file' }),
  wazuh: (event) => ({
    win: {
      system: {
        providerName: event.provider,
        providerGuid: GUID,
        eventID: `${event.id}`,
        level: '4',
        keywords: keywordsOf(event),
        systemTime: TIME,
        eventRecordID: '77',
        channel: event.channel,
        computer: 'ws1.example.com',
      },
      eventdata: Object.fromEntries(
        Object.entries(event.data).map(([name, value]) => [
          name.charAt(0).toLowerCase() + name.slice(1),
          value,
        ]),
      ),
    },
  }),
};
/** What only the shipper knows, or writes in its own way. */
const OWN = new Set(['Keywords', 'KeywordNames', 'EventType', 'SeverityValue', 'SourceModuleType']);

function normalised(text: string, format: 'json' | 'syslog'): unknown {
  const batch = batchOf([utf8(text)], { format });
  const event = new EventRow(parseBatch(batch, new ColumnWriter())).toOcsf();
  const unmapped = Object.entries(event.unmapped as Record<string, string>).filter(
    ([name]) => !OWN.has(name) && !name.startsWith('event.') && name !== 'source_type',
  );
  const { raw_data, parser, parser_version, syslog, marks, ...rest } = event;
  return { ...rest, unmapped: Object.fromEntries(unmapped) };
}

for (const event of CASES) {
  t.test(`event ${event.id}`, async (t) => {
    const wanted = normalised(xmlOf(event), 'syslog');
    t.match(wanted, { time: '2026-02-28T22:14:15.123000Z' });
    for (const [name, shape] of Object.entries(jsonOf)) {
      const text = JSON.stringify(shape(event));
      t.strictSame(normalised(text, 'json'), wanted, name);
      t.strictSame(normalised(JSON.stringify(shape(event), null, 2), 'syslog'), wanted, name);
    }
  });
}
