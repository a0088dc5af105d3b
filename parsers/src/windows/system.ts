// What every Windows event has beside its data, and how the shippers name it: the XML of Windows
// itself (also as JSON of evtx tools), Winlogbeat and Elastic Agent, NXLog, Vector, Fluent Bit, the
// OpenTelemetry Collector, Wazuh. Paths as JsonReader and XmlReader flatten them.
import { KeyTable } from '../text/key-table.js';

/** Numbers of what an event says of itself. */
export const SYS = {
  eventId: 1,
  /** Elastic's copy of the event id, for events without `winlog`'s own. */
  eventCode: 2,
  provider: 3,
  channel: 4,
  computer: 5,
  /** The shipper's name of the host. */
  host: 6,
  time: 7,
  /** Local time without a zone, as NXLog sends it. */
  localTime: 8,
  level: 9,
  /** NXLog's type of event: its level, or the outcome of an audit. */
  eventType: 10,
  keywords: 11,
  outcome: 12,
  recordId: 13,
  message: 14,
  activityId: 15,
  userSid: 16,
  userName: 17,
  userDomain: 18,
  task: 19,
  taskCategory: 20,
  opcode: 21,
  opcodeName: 22,
  version: 23,
  processId: 24,
  threadId: 25,
  providerGuid: 26,
  relatedActivityId: 27,
  keywordNames: 28,
  /** Of the notation, not of the event. */
  layout: 29,
} as const;
export const SYS_COUNT = 30;

/** Names in `unmapped` of what has no field, whatever shipper sent it. */
export const SYS_NAMES: Readonly<Record<number, string>> = {
  [SYS.eventType]: 'EventType',
  [SYS.keywords]: 'Keywords',
  [SYS.userSid]: 'UserID',
  [SYS.userName]: 'UserName',
  [SYS.userDomain]: 'UserDomain',
  [SYS.task]: 'Task',
  [SYS.taskCategory]: 'TaskCategory',
  [SYS.opcode]: 'Opcode',
  [SYS.opcodeName]: 'OpcodeName',
  [SYS.version]: 'Version',
  [SYS.processId]: 'ExecutionProcessID',
  [SYS.threadId]: 'ExecutionThreadID',
  [SYS.providerGuid]: 'ProviderGuid',
  [SYS.relatedActivityId]: 'RelatedActivityID',
  [SYS.keywordNames]: 'KeywordNames',
};

/** Elements of <System>; a slash stands before an attribute. */
const ELEMENTS: readonly (readonly [string, number])[] = [
  ['EventID', SYS.eventId],
  ['EventID/text', SYS.eventId],
  ['Provider/Name', SYS.provider],
  ['Provider/Guid', SYS.providerGuid],
  ['Channel', SYS.channel],
  ['Computer', SYS.computer],
  ['TimeCreated/SystemTime', SYS.time],
  ['Level', SYS.level],
  ['Keywords', SYS.keywords],
  ['EventRecordID', SYS.recordId],
  ['Correlation/ActivityID', SYS.activityId],
  ['Correlation/RelatedActivityID', SYS.relatedActivityId],
  ['Security/UserID', SYS.userSid],
  ['Task', SYS.task],
  ['Opcode', SYS.opcode],
  ['Version', SYS.version],
  ['Execution/ProcessID', SYS.processId],
  ['Execution/ThreadID', SYS.threadId],
];
/** How tools write an attribute of an element as JSON, and XmlReader its path. */
const ATTRIBUTE_SIGNS = ['.@', '.#attributes.', '.', '_attributes.', '.#'];

/** Names by what they mean, of those that are no XML. */
const NAMES: readonly (readonly [number, string])[] = [
  [SYS.eventId, 'winlog.event_id EventID EventId event_id event_id.id win.system.eventID'],
  [SYS.eventCode, 'event.code'],
  [
    SYS.provider,
    'winlog.provider_name SourceName ProviderName provider_name provider.name Provider ' +
      'win.system.providerName',
  ],
  [SYS.channel, 'winlog.channel Channel channel win.system.channel'],
  [SYS.computer, 'winlog.computer_name Hostname Computer computer win.system.computer'],
  [SYS.host, 'host.name'],
  [
    SYS.time,
    '@timestamp winlog.time_created TimeCreated timestamp system_time win.system.systemTime',
  ],
  [SYS.localTime, 'EventTime TimeGenerated'],
  [SYS.level, 'winlog.level log.level Level level win.system.level Event.RenderingInfo.Level'],
  [SYS.eventType, 'EventType'],
  [SYS.keywords, 'Keywords keywords win.system.keywords'],
  [SYS.keywordNames, 'winlog.keywords keyword_names Event.RenderingInfo.Keywords.Keyword'],
  [SYS.outcome, 'event.outcome'],
  [SYS.recordId, 'winlog.record_id RecordNumber EventRecordID record_id win.system.eventRecordID'],
  [SYS.message, 'message Message Event.RenderingInfo.Message win.system.message'],
  [SYS.activityId, 'winlog.activity_id ActivityID activity_id'],
  [SYS.relatedActivityId, 'winlog.related_activity_id RelatedActivityID related_activity_id'],
  [SYS.userSid, 'winlog.user.identifier UserID UserId user_id'],
  [SYS.userName, 'winlog.user.name user_name'],
  [SYS.userDomain, 'winlog.user.domain Domain'],
  [SYS.task, 'Task task win.system.task'],
  [SYS.taskCategory, 'winlog.task Category task_name Event.RenderingInfo.Task'],
  [SYS.opcode, 'OpcodeValue opcode win.system.opcode'],
  [SYS.opcodeName, 'winlog.opcode Opcode opcode_name Event.RenderingInfo.Opcode'],
  [SYS.version, 'winlog.version Version version win.system.version'],
  [
    SYS.processId,
    'winlog.process.pid ProcessID ExecutionProcessID process_id win.system.processID',
  ],
  [
    SYS.threadId,
    'winlog.process.thread.id ThreadID ExecutionThreadID thread_id win.system.threadID',
  ],
  [SYS.layout, 'Event.@xmlns Event.#attributes.xmlns Event.xmlns'],
  [
    SYS.providerGuid,
    'winlog.provider_guid ProviderGuid provider_guid provider.guid win.system.providerGuid',
  ],
];

const paths = new Map<string, number>();
for (const [element, number] of ELEMENTS) {
  for (const prefix of ['Event.System.', 'System.'])
    for (const sign of element.endsWith('/text') ? ['.#'] : ATTRIBUTE_SIGNS)
      paths.set(prefix + element.replace('/', sign), number);
}
for (const [number, list] of NAMES)
  for (const name of list.split(' ')) {
    paths.set(name, number);
    // Wazuh's alerts carry the event below `data`.
    if (name.startsWith('win.')) paths.set(`data.${name}`, number);
  }

/** SYS by flattened key. */
export const systemTable = new KeyTable(paths);

/** Words for a level, and its numbers (winmeta.xml: 1 Critical .. 5 Verbose, 0 always logged). */
export const LEVEL = { critical: 1, error: 2, warning: 3, information: 4, verbose: 5 } as const;
export const LEVEL_WORDS = ['', 'critical', 'error', 'warning', 'information', 'verbose'] as const;
/** OCSF severity_id by level. */
export const SEVERITY_BY_LEVEL = [1, 5, 4, 3, 1, 1] as const;
const LEVEL_ROWS: readonly (readonly [string, number])[] = [
  ['1 critical', LEVEL.critical],
  ['2 error', LEVEL.error],
  ['3 warning', LEVEL.warning],
  ['0 4 information info informational informations notice', LEVEL.information],
  ['5 verbose debug', LEVEL.verbose],
];
/** Level by word in lower case or digit. */
export const levelTable = new KeyTable(
  LEVEL_ROWS.flatMap(([words, level]) => words.split(' ').map((word) => [word, level] as const)),
);
