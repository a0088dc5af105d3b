// The tables of logs.ts compiled: every name of a field has a number, every log has the kind and
// the field of each number. Both formats read their values by these plans.
import { KeyTable } from '../text/key-table.js';
import { COMMON } from './common-fields.js';
import type { FieldRow } from './kinds.js';
import { LOGS, type LogSpec, UNKNOWN_LOG } from './logs.js';

export interface LogPlan extends LogSpec {
  readonly path: string;
  /** By number of the name: how it is read, 0 for what is unmapped; and into what. */
  readonly kinds: Uint8Array;
  readonly targets: Uint16Array;
}

/**
 * Names that only one log has, in the order in which they are looked for: JSON of Zeek does not say
 * what log it is of unless a script adds `_path`.
 */
const TELLING: readonly (readonly [path: string, names: string])[] = [
  ['conn', 'conn_state'],
  ['dns', 'qtype qclass rejected'],
  ['http', 'request_body_len status_msg'],
  ['ssl', 'ssl_history resumed'],
  ['files', 'seen_bytes tx_hosts'],
  ['x509', 'certificate.serial'],
  ['notice', 'suppress_for'],
  ['ssh', 'auth_attempts host_key_alg'],
  ['smtp', 'helo rcptto last_reply'],
  ['kerberos', 'request_type'],
  ['ntlm', 'domainname server_nb_computer_name'],
  ['smb_mapping', 'native_file_system share_type'],
  ['smb_files', 'times.modified'],
  ['smb_cmd', 'sub_command'],
  ['rdp', 'security_protocol cert_count'],
  ['dhcp', 'msg_types'],
  ['ftp', 'data_channel.passive reply_code'],
  ['ntp', 'root_disp'],
  ['tunnel', 'tunnel_type'],
  ['snmp', 'get_requests community'],
  ['sip', 'call_id request_from'],
  ['socks', 'request.host bound.host request_p'],
  ['irc', 'nick'],
  ['software', 'software_type'],
  ['pe', 'is_exe'],
  ['radius', 'framed_addr connect_info'],
  ['modbus', 'func'],
  ['dnp3', 'fc_request'],
  ['dpd', 'failure_reason'],
  ['dce_rpc', 'named_pipe'],
  ['rfb', 'client_major_version'],
  ['syslog', 'facility'],
  ['intel', 'seen.indicator'],
  ['signatures', 'sig_id'],
  ['known_services', 'port_proto'],
  ['capture_loss', 'ts_delta'],
  ['stats', 'pkts_proc'],
  ['quic', 'client_initial_dcid'],
  ['ldap_search', 'deref_aliases'],
  ['ldap', 'diagnostic_message'],
  ['weird', 'notice'],
];
/** Of them, those that nothing but Zeek writes: no connection has to stand beside them. */
const SURE = new Set(
  'files x509 notice dhcp software pe intel known_services capture_loss stats'.split(' '),
);

const names = new Map<string, number>();
const numberOf = (name: string): number => {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size + 1);
  return names.size;
};
const addAll = (rows: readonly FieldRow[]): void => {
  for (const [list] of rows) for (const name of list.split(' ')) numberOf(name);
};
addAll(COMMON);
for (const spec of Object.values(LOGS)) addAll(spec.rows);
for (const [, list] of TELLING) for (const name of list.split(' ')) numberOf(name);
/** The field that names the log. */
export const PATH = numberOf('_path');
export const TS = numberOf('ts');
export const UID = numberOf('uid');
export const ORIG_HOSTS: readonly number[] = [numberOf('id.orig_h'), numberOf('id_orig_h')];

export const FIELD_COUNT = names.size + 1;
export const nameTable = new KeyTable(names);
export const NAMES: readonly string[] = ['', ...names.keys()];

export function planOf(path: string, spec: LogSpec): LogPlan {
  const kinds = new Uint8Array(FIELD_COUNT);
  const targets = new Uint16Array(FIELD_COUNT);
  for (const [list, kind, target] of [...COMMON, ...spec.rows])
    for (const name of list.split(' ')) {
      const number = numberOf(name);
      kinds[number] = kind;
      targets[number] = target;
    }
  return { ...spec, path, kinds, targets };
}

/** Numbered from 1 on, as in pathTable. */
export const PLANS: readonly LogPlan[] = Object.entries(LOGS).map(([path, spec]) =>
  planOf(path, spec),
);
export const pathTable = new KeyTable(PLANS.map(({ path }, index) => [path, index + 1] as const));
const planByPath = new Map(PLANS.map((plan) => [plan.path, plan]));

/** By number of a name: the log that it tells, plus one; 0 for none. */
export const tellsLog = new Uint8Array(FIELD_COUNT);
/** 1: no other program has this name. */
export const isSure = new Uint8Array(FIELD_COUNT);
for (const [path, list] of TELLING)
  for (const name of list.split(' ')) {
    tellsLog[numberOf(name)] = PLANS.findIndex((plan) => plan.path === path) + 1;
    isSure[numberOf(name)] = SURE.has(path) ? 1 : 0;
  }

export const unknownPlan: LogPlan = planOf('', UNKNOWN_LOG);

const PATH_PLANS_MAX = 256;
const pathPlans = new Map<string, LogPlan>();

/**
 * The plan of a log by its path. `conn_red` and `conn-first` are the log `conn`, filtered; their
 * name stays as it is.
 */
export function planForPath(path: string): LogPlan {
  const exact = planByPath.get(path) ?? pathPlans.get(path);
  if (exact !== undefined) return exact;
  let end = path.length;
  let base: LogPlan | undefined;
  while (base === undefined && end > 0) {
    end = Math.max(path.lastIndexOf('_', end - 1), path.lastIndexOf('-', end - 1));
    base = planByPath.get(path.slice(0, Math.max(0, end)));
  }
  const plan = { ...(base ?? unknownPlan), path };
  if (pathPlans.size >= PATH_PLANS_MAX) pathPlans.clear();
  pathPlans.set(path, plan);
  return plan;
}
