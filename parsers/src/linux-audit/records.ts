// Record types and keys of the Linux audit log, after linux/audit.h, audit-userspace's record and
// field dictionaries (audit-documentation, specs/messages and specs/fields), and the class that
// each is in OCSF 1.8.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { CLASS } from '../linux/outcomes.js';
import { KeyTable } from '../text/key-table.js';

/** Whose the process of a record is: of the one that acts, or the one that the record is about. */
export const OF = { actor: 0, process: 1 } as const;

/** How a record is read beyond its keys. */
export const KIND = {
  plain: 0,
  syscall: 1,
  execve: 2,
  path: 3,
  avc: 4,
  anomaly: 5,
  sockaddr: 6,
  login: 7,
};

export interface RecordType {
  readonly classUid: number;
  readonly activityId: number;
  readonly of: number;
  readonly kind: number;
}
type Row = readonly [names: string, classUid: number, activity: number, kind?: number, of?: number];

const ROWS: readonly Row[] = [
  // An event of the kernel: one record for the call, others for what it was about.
  ['SYSCALL', CLASS.kernel, 4, KIND.syscall],
  ['EXECVE', CLASS.process, 1, KIND.execve, OF.process],
  ['PROCTITLE CWD', CLASS.process, 0, KIND.plain, OF.process],
  ['PATH', CLASS.file, 0, KIND.path],
  ['SOCKADDR', CLASS.base, 0, KIND.sockaddr],
  ['AVC USER_AVC SELINUX_ERR USER_SELINUX_ERR', CLASS.base, 0, KIND.avc],
  // Sign-in. CRED_ and USER_ACCT are steps that are no logon by themselves.
  ['USER_LOGIN USER_AUTH USER_START USER_ERR GRP_AUTH', CLASS.authentication, 1],
  ['LOGIN', CLASS.authentication, 1, KIND.login],
  ['USER_END USER_LOGOUT', CLASS.authentication, 2],
  ['USER_ACCT CRED_ACQ CRED_REFR CRED_DISP CHUSER_ID', CLASS.authentication, 0],
  // Its process is sudo, and `cmd` what sudo starts.
  ['USER_CMD', CLASS.process, 1],
  // Accounts and groups.
  ['ADD_USER', CLASS.account, 1],
  ['USER_CHAUTHTOK', CLASS.account, 3],
  ['DEL_USER', CLASS.account, 6],
  ['ACCT_LOCK', CLASS.account, 9],
  ['ACCT_UNLOCK', CLASS.account, 12],
  ['USER_MGMT', CLASS.account, 99],
  ['ROLE_ASSIGN', CLASS.group, 1],
  ['ROLE_REMOVE', CLASS.group, 2],
  ['DEL_GROUP', CLASS.group, 5],
  ['ADD_GROUP', CLASS.group, 6],
  ['GRP_MGMT GRP_CHAUTHTOK CHGRP_ID', CLASS.group, 99],
  ['SERVICE_START', CLASS.application, 3],
  ['SERVICE_STOP', CLASS.application, 4],
];
const PLAIN: RecordType = { classUid: CLASS.base, activityId: 0, of: OF.actor, kind: KIND.plain };
/** ANOM_ABEND, ANOM_LOGIN_FAILURES, RESP_ACCT_LOCK and the like: what intrusion detection found. */
const ANOMALY: RecordType = {
  classUid: CLASS.finding,
  activityId: 1,
  of: OF.actor,
  kind: KIND.anomaly,
};
const types: readonly RecordType[] = ROWS.map(([, classUid, activityId, kind = 0, of = 0]) => ({
  classUid,
  activityId,
  of,
  kind,
}));
const typeTable = new KeyTable(
  ROWS.flatMap(([names], index) => names.split(' ').map((name) => [name, index + 1] as const)),
);

export function recordTypeOf(bytes: Uint8Array, start: number, end: number): RecordType {
  const index = typeTable.lookup(bytes, start, end);
  if (index !== 0) return types[index - 1] as RecordType;
  const isAnomaly = end - start > 5 && bytes[start + 4] === 0x5f && isAnomalyWord(bytes, start);
  return isAnomaly ? ANOMALY : PLAIN;
}

/** `ANOM` or `RESP`. */
function isAnomalyWord(bytes: Uint8Array, start: number): boolean {
  const word =
    ((bytes[start] as number) << 24) |
    ((bytes[start + 1] as number) << 16) |
    ((bytes[start + 2] as number) << 8) |
    (bytes[start + 3] as number);
  return word === 0x414e4f4d || word === 0x52455350;
}

/** The kernel writes numbers where auditd writes names (linux/audit.h). */
const NUMBERS: Readonly<Record<number, string>> = {
  1006: 'LOGIN',
  1100:
    'USER_AUTH USER_ACCT USER_MGMT CRED_ACQ CRED_DISP USER_START USER_END USER_AVC ' +
    'USER_CHAUTHTOK USER_ERR CRED_REFR USYS_CONFIG USER_LOGIN USER_LOGOUT ADD_USER DEL_USER ' +
    'ADD_GROUP DEL_GROUP DAC_CHECK CHGRP_ID TEST TRUSTED_APP USER_SELINUX_ERR USER_CMD USER_TTY ' +
    'CHUSER_ID GRP_AUTH SYSTEM_BOOT SYSTEM_SHUTDOWN SYSTEM_RUNLEVEL SERVICE_START SERVICE_STOP ' +
    'GRP_MGMT GRP_CHAUTHTOK MAC_CHECK ACCT_LOCK ACCT_UNLOCK',
  1300: 'SYSCALL',
  1302: 'PATH IPC SOCKETCALL CONFIG_CHANGE SOCKADDR CWD',
  1309: 'EXECVE',
  1318: 'OBJ_PID TTY EOE BPRM_FCAPS CAPSET MMAP NETFILTER_PKT NETFILTER_CFG SECCOMP PROCTITLE',
  1330: 'KERN_MODULE',
  1400: 'AVC SELINUX_ERR AVC_PATH MAC_POLICY_LOAD MAC_STATUS MAC_CONFIG_CHANGE',
  1700: 'ANOM_PROMISCUOUS ANOM_ABEND ANOM_LINK ANOM_CREAT',
};
const names = Object.entries(NUMBERS).flatMap(([first, list]) =>
  list.split(' ').map((name, index) => [String(Number(first) + index), name] as const),
);
const numberTable = new KeyTable(names.map(([number], index) => [number, index + 1] as const));

/** Name of a type that stands as a number; empty where it has none. */
export const nameOfNumber = (bytes: Uint8Array, start: number, end: number): string =>
  names[numberTable.lookup(bytes, start, end) - 1]?.[1] ?? '';

/** Beyond the kinds of TypedWriter. */
export const OWN = {
  result: 100,
  syscall: 101,
  arch: 102,
  callName: 103,
  nametype: 104,
  path: 105,
  id: 106,
  idName: 107,
  session: 108,
  terminal: 109,
  apparmor: 110,
  saddr: 111,
  permissive: 112,
  auditId: 113,
  pid: 114,
} as const;

type KeyRow = readonly [keys: string, as: number, ofActor?: number, ofProcess?: number];
/** Keys with a field; the second field is the one of records about a process. */
const KEYS: readonly KeyRow[] = [
  ['pid', OWN.pid],
  ['comm', AS.text, FIELD.actor_process_name, FIELD.process_name],
  ['exe', AS.text, FIELD.actor_process_file_path, FIELD.process_file_path],
  ['uid', AS.text, FIELD.actor_user_uid, FIELD.process_user_uid],
  ['UID', AS.text, FIELD.actor_user_name, FIELD.process_user_name],
  ['ppid', AS.unsigned, 0, FIELD.process_parent_process_pid],
  ['proctitle cmd', AS.text, FIELD.process_cmd_line],
  ['cwd', AS.text, FIELD.process_working_directory],
  ['auid', OWN.auditId],
  ['ses', OWN.session],
  ['tty terminal', OWN.terminal],
  ['acct', AS.account, FIELD.user_name],
  ['id', OWN.id],
  ['ID', OWN.idName],
  ['grp', AS.text, FIELD.group_name],
  ['addr', AS.host, FIELD.src_endpoint_ip],
  ['hostname', AS.host, FIELD.src_endpoint_ip],
  ['unit', AS.text, FIELD.application_name],
  ['exit', AS.text, FIELD.status_code],
  ['reason', AS.text, FIELD.status_detail],
  ['op', AS.text, FIELD.action],
  ['res success result', OWN.result],
  ['syscall', OWN.syscall],
  ['arch', OWN.arch],
  ['SYSCALL', OWN.callName],
  ['apparmor', OWN.apparmor],
  ['saddr', OWN.saddr],
  ['permissive', OWN.permissive],
  ['name', OWN.path],
  ['path', AS.text, FIELD.file_path],
  ['inode', AS.text, FIELD.file_uid],
  ['ouid', AS.text, FIELD.file_owner_uid],
  ['OUID', AS.text, FIELD.file_owner_name],
  ['nametype objtype', OWN.nametype],
];
export const keyTable = new KeyTable(
  KEYS.flatMap(([keys], index) => keys.split(' ').map((key) => [key, index + 1] as const)),
);
export const keyAs = Uint8Array.from([0, ...KEYS.map(([, as]) => as)]);
const ofActor = Uint16Array.from([0, ...KEYS.map(([, , field]) => field ?? 0)]);
const ofProcess = Uint16Array.from([0, ...KEYS.map(([, , actor, field]) => field ?? actor ?? 0)]);
export const fieldOf = (key: number, of: number): number =>
  (of === OF.process ? ofProcess[key] : ofActor[key]) as number;

/**
 * Values of these keys come from users: without quotes they are hex digits
 * (audit_encode_nv_string).
 */
const ENCODED =
  'comm exe proctitle cmd cwd name acct path key data grp vm dir file sw old new root_dir ocomm';
export const encodedTable = new KeyTable(
  ENCODED.split(' ').map((key, index) => [key, index + 1] as const),
);

/** Words of `res`, `success` and `result`: status_id. */
export const resultTable = new KeyTable([
  ['yes', 1],
  ['success', 1],
  ['1', 1],
  ['no', 2],
  ['failed', 2],
  ['fail', 2],
  ['0', 2],
]);
/** activity_id of File System Activity. */
export const nametypeTable = new KeyTable([
  ['CREATE', 1],
  ['DELETE', 4],
]);
