// How the values of Windows events are read, beside the kinds that all packs have (AS).
import { AS } from '../common/typed-writer.js';

export const KIND = {
  ...AS,
  /** `SHA256=..,MD5=..,IMPHASH=..` of Sysmon; the field is the file's MD5, and tells which file. */
  hashes: 40,
  /** A GUID, in lower case and without braces. */
  guid: 41,
  /** A port; 0 says that there is none. */
  port: 42,
  /** An address; what is none (`LOCAL`, a host name) is kept in `unmapped` without a mark. */
  address: 43,
  /** UTC without a zone, as Sysmon writes it, or with one. */
  utc: 44,
  /** An account that owns the process and is who acted. */
  owner: 45,
  /** Type of a logon into logon_type_id (Microsoft numbers them as OCSF does). */
  logonType: 46,
  /** Authentication package, into auth_protocol and its id. */
  package: 47,
  /** `tcp`, `udp` or a number, into protocol_num. */
  protocol: 48,
  /** %%14592 inbound, %%14593 outbound. */
  direction: 49,
  /** Sysmon: `true` when the event's own host opened the connection. */
  initiated: 50,
  /** Full path of a registry value: the path and its last part as the value's name. */
  registryValue: 51,
  /** Path of Microsoft Defender: `file:_C:\..` or several of them. */
  scanned: 52,
  /** Text of PowerShell that names host application and user. */
  context: 53,
  /** A word of Windows that also decides the activity; it is handled by the event's rule. */
  word: 54,
  /** Into `unmapped` in any case, under its own name. */
  keep: 56,
  /** Text without the spaces that Windows puts behind some names. */
  trimmed: 57,
  /** A process id; 0 says that there is none. */
  pid: 58,
  /** 32-bit number, in hex or decimal, wherever a process or a mask is meant. */
  number: AS.hex,
} as const;
