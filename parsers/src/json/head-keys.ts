// Outermost keys by which the shapes of JSON are told apart. A pack adds the ones that it asks for.

export const HEAD_KEY_NAMES = [
  // Beats send Windows events with `winlog`, tools that read evtx files with `Event`; NXLog and
  // Fluent Bit have them flat, Vector and the OpenTelemetry Collector flat in small letters.
  'winlog',
  // The Strata Logging Service of Palo Alto Networks.
  'LogType',
  'TimeReceived',
  'LogTime',
  'ConfigVersion',
  'DeviceSN',
  'DGHierarchyLevel1',
  'ApplicationContainer',
  'ApplicationSubcategory',
  // Zeek: a time, and what stands beside it.
  '_path',
  'ts',
  'uid',
  'uids',
  'fuid',
  'id',
  'id.orig_h',
  'note',
  'host',
  'peer',
  'ts_delta',
  'Event',
  'EventID',
  'SourceName',
  'ProviderName',
  'ProviderGuid',
  'Channel',
  'channel',
  'computer',
  'event_id',
  'provider_name',
  'provider',
  'win',
  'data',
  'message',
  // Shared by all that speak ECS.
  '@timestamp',
  'ecs',
  'agent',
  'event',
  // The journal of systemd.
  '__REALTIME_TIMESTAMP',
  '__CURSOR',
  '_TRANSPORT',
  '_BOOT_ID',
  '_PID',
  'PRIORITY',
  'SYSLOG_IDENTIFIER',
  // The unified log of macOS.
  'eventMessage',
  'processImagePath',
  'machTimestamp',
  'formatString',
  'source',
] as const;

export type HeadKey = (typeof HEAD_KEY_NAMES)[number];

/** Number of a key in JsonHead, from 1 on. */
export const HEAD = Object.fromEntries(
  HEAD_KEY_NAMES.map((name, index) => [name, index + 1]),
) as Readonly<Record<HeadKey, number>>;
