// What each Windows event is in OCSF 1.8: class, activity and profile by provider and event id. Ids
// are those of Microsoft's "Advanced security audit policy settings" and "Appendix L: Events to
// Monitor", of Sysmon's schema, and of the providers' manifests.
import { KeyTable } from '../text/key-table.js';
import type { ProfileName } from './profiles.js';

/** Providers whose ids have rules; everything else is a Base Event. */
export const PROVIDER = {
  security: 1,
  sysmon: 2,
  eventlog: 3,
  powershell: 4,
  powershellClassic: 5,
  services: 6,
  tasks: 7,
  antivirus: 8,
  sessions: 9,
  firewall: 10,
  allowlist: 11,
  transfers: 12,
  dnsClient: 13,
  crashes: 14,
  connections: 15,
} as const;

const PROVIDER_NAMES: readonly (readonly [number, string])[] = [
  [PROVIDER.security, 'Microsoft-Windows-Security-Auditing'],
  [PROVIDER.sysmon, 'Microsoft-Windows-Sysmon'],
  [PROVIDER.sysmon, 'Linux-Sysmon'],
  [PROVIDER.eventlog, 'Microsoft-Windows-Eventlog'],
  [PROVIDER.powershell, 'Microsoft-Windows-PowerShell'],
  [PROVIDER.powershell, 'PowerShellCore'],
  [PROVIDER.powershellClassic, 'PowerShell'],
  [PROVIDER.services, 'Service Control Manager'],
  [PROVIDER.tasks, 'Microsoft-Windows-TaskScheduler'],
  [PROVIDER.antivirus, 'Microsoft-Windows-Windows Defender'],
  [PROVIDER.antivirus, 'Microsoft Antimalware'],
  [PROVIDER.sessions, 'Microsoft-Windows-TerminalServices-LocalSessionManager'],
  [PROVIDER.connections, 'Microsoft-Windows-TerminalServices-RemoteConnectionManager'],
  [PROVIDER.firewall, 'Microsoft-Windows-Windows Firewall With Advanced Security'],
  [PROVIDER.allowlist, 'Microsoft-Windows-AppLocker'],
  [PROVIDER.transfers, 'Microsoft-Windows-Bits-Client'],
  [PROVIDER.dnsClient, 'Microsoft-Windows-DNS-Client'],
  [PROVIDER.crashes, 'Application Error'],
];
export const providerTable = new KeyTable(PROVIDER_NAMES.map(([family, name]) => [name, family]));

/** Where an event has no provider, its channel tells the one that writes there. */
export const channelTable = new KeyTable([
  ['Security', PROVIDER.security],
  ['Microsoft-Windows-Sysmon/Operational', PROVIDER.sysmon],
  ['Microsoft-Windows-PowerShell/Operational', PROVIDER.powershell],
  ['Windows PowerShell', PROVIDER.powershellClassic],
  ['Microsoft-Windows-TaskScheduler/Operational', PROVIDER.tasks],
  ['Microsoft-Windows-Windows Defender/Operational', PROVIDER.antivirus],
]);

/** Product by provider; Windows for all others. */
export const PRODUCTS: readonly string[] = Object.assign(new Array<string>(16).fill('Windows'), {
  [PROVIDER.sysmon]: 'Sysmon',
  [PROVIDER.powershell]: 'PowerShell',
  [PROVIDER.powershellClassic]: 'PowerShell',
  [PROVIDER.antivirus]: 'Microsoft Defender Antivirus',
});

/** What a rule leaves to the words of the event: refine.ts. */
export const REFINE = {
  none: 0,
  /** The object's type decides the class, the access mask the activity. */
  object: 1,
  /** As object; the activity is a change of permissions. */
  permissions: 2,
  registryEvent: 3,
  wmi: 4,
  registryValue: 5,
  serviceState: 6,
  share: 7,
  kerberos: 8,
  remoteThread: 9,
  objectClosed: 10,
  objectDeleted: 11,
  /** The product itself was started, stopped or changed. */
  product: 12,
} as const;

export interface Rule {
  readonly classUid: number;
  readonly activityId: number;
  readonly profile: ProfileName;
  readonly statusId: number;
  readonly dispositionId: number;
  readonly refine: number;
}

interface Extra {
  readonly status?: number;
  readonly disposition?: number;
  readonly refine?: number;
}
type Row = readonly [
  ids: string,
  classUid: number,
  activityId: number,
  profile: ProfileName,
  extra?: Extra,
];

const OTHER = 99;
const SUCCESS = { status: 1 };
const FAILURE = { status: 2 };
const ALLOWED = { disposition: 1 };
const BLOCKED = { disposition: 2 };
const KERBEROS = { refine: REFINE.kerberos };
const OBJECT = { refine: REFINE.object };
const PRODUCT = { refine: REFINE.product };

const FILE = 1001;
const DRIVER = 1002;
const KERNEL = 1003;
const MODULE = 1005;
const JOB = 1006;
const PROCESS = 1007;
const EVENT_LOG = 1008;
const SCRIPT = 1009;
const FINDING = 2004;
const ACCOUNT = 3001;
const AUTHENTICATION = 3002;
const AUTHORIZE = 3003;
const ENTITY = 3004;
const USER_ACCESS = 3005;
const GROUP = 3006;
const NETWORK = 4001;
const DNS = 4003;
const SMB = 4006;
const APPLICATION_ERROR = 6008;
const REG_KEY = 201_001;
const REG_VALUE = 201_002;
const RESOURCE = 201_003;
const SERVICE = 201_004;

const SECURITY: readonly Row[] = [
  ['1100', EVENT_LOG, 7, 'LOG_FILE'],
  ['1102', EVENT_LOG, 1, 'LOG_FILE'],
  ['1104 1108', EVENT_LOG, OTHER, 'LOG_FILE'],
  ['1105', EVENT_LOG, 4, 'LOG_FILE'],
  ['4624', AUTHENTICATION, 1, 'LOGON', SUCCESS],
  ['4625', AUTHENTICATION, 1, 'LOGON', FAILURE],
  ['4634 4647', AUTHENTICATION, 2, 'LOGON', SUCCESS],
  ['4648', AUTHENTICATION, 1, 'LOGON'],
  ['4649 4675', AUTHENTICATION, OTHER, 'LOGON'],
  ['4672', AUTHORIZE, 1, 'PRIVILEGED', SUCCESS],
  ['4964', AUTHORIZE, 2, 'ACCOUNT'],
  ['4768', AUTHENTICATION, 3, 'TICKET', KERBEROS],
  ['4769', AUTHENTICATION, 4, 'TICKET', KERBEROS],
  ['4770', AUTHENTICATION, 5, 'TICKET', KERBEROS],
  ['4771', AUTHENTICATION, 6, 'TICKET', { ...FAILURE, ...KERBEROS }],
  ['4772', AUTHENTICATION, 3, 'TICKET', { ...FAILURE, ...KERBEROS }],
  ['4773', AUTHENTICATION, 4, 'TICKET', { ...FAILURE, ...KERBEROS }],
  ['4776', AUTHENTICATION, 1, 'LOGON'],
  ['4777', AUTHENTICATION, 1, 'LOGON', FAILURE],
  ['4778 4779 4800 4801 4802 4803', AUTHENTICATION, OTHER, 'SESSION'],
  ['4825', AUTHENTICATION, 1, 'SESSION', FAILURE],
  ['6272 6278', AUTHENTICATION, 1, 'RADIUS', SUCCESS],
  ['6273 6274 6275 6276', AUTHENTICATION, 1, 'RADIUS', FAILURE],
  ['4688', PROCESS, 1, 'PROCESS'],
  ['4689', PROCESS, 2, 'PROCESS_END'],
  ['4656 4661 4663 4662 4691', RESOURCE, 1, 'OBJECT', OBJECT],
  ['4658 4690', RESOURCE, OTHER, 'OBJECT', { refine: REFINE.objectClosed }],
  ['4659 4660', RESOURCE, OTHER, 'OBJECT', { refine: REFINE.objectDeleted }],
  ['4670', RESOURCE, OTHER, 'OBJECT', { refine: REFINE.permissions }],
  ['4657', REG_VALUE, OTHER, 'REG_VALUE', { refine: REFINE.registryValue }],
  ['4673 4674', KERNEL, 4, 'PRIVILEGE_USE'],
  ['4697', SERVICE, 1, 'SERVICE'],
  ['4698', JOB, 1, 'TASK'],
  ['4699', JOB, 3, 'TASK'],
  ['4700', JOB, 4, 'TASK'],
  ['4701', JOB, 5, 'TASK'],
  ['4702', JOB, 2, 'TASK'],
  ['4704 4717', USER_ACCESS, 1, 'RIGHTS'],
  ['4705 4718', USER_ACCESS, 2, 'RIGHTS'],
  ['4703', USER_ACCESS, OTHER, 'RIGHTS'],
  ['4706', ENTITY, 1, 'POLICY'],
  ['4707', ENTITY, 4, 'POLICY'],
  ['4713 4715 4716 4719 4739 4817 4902 4904 4905 4907 4912', ENTITY, 3, 'POLICY'],
  ['4720 4741', ACCOUNT, 1, 'ACCOUNT'],
  ['4722', ACCOUNT, 2, 'ACCOUNT'],
  ['4723', ACCOUNT, 3, 'ACCOUNT'],
  ['4724', ACCOUNT, 4, 'ACCOUNT'],
  ['4725', ACCOUNT, 5, 'ACCOUNT'],
  ['4726 4743', ACCOUNT, 6, 'ACCOUNT'],
  ['4738 4742 4765 4766 4780 4781 4794 4798 5376 5377', ACCOUNT, OTHER, 'ACCOUNT'],
  ['4740', ACCOUNT, 9, 'LOCKOUT'],
  ['4767', ACCOUNT, 12, 'ACCOUNT'],
  ['4727 4731 4744 4749 4754 4759', GROUP, 6, 'GROUP'],
  ['4728 4732 4746 4751 4756 4761', GROUP, 3, 'GROUP'],
  ['4729 4733 4747 4752 4757 4762', GROUP, 4, 'GROUP'],
  ['4730 4734 4748 4753 4758 4763', GROUP, 5, 'GROUP'],
  ['4735 4737 4745 4750 4755 4760 4764 4799', GROUP, OTHER, 'GROUP'],
  ['4886 4887 4888 4889', ENTITY, OTHER, 'CERTIFICATES'],
  ['4946', ENTITY, 1, 'FIREWALL_RULE'],
  ['4947', ENTITY, 3, 'FIREWALL_RULE'],
  ['4948', ENTITY, 4, 'FIREWALL_RULE'],
  ['5136', ENTITY, 3, 'DIRECTORY'],
  ['5137', ENTITY, 1, 'DIRECTORY'],
  ['5138', ENTITY, OTHER, 'DIRECTORY'],
  ['5139', ENTITY, 5, 'DIRECTORY'],
  ['5141', ENTITY, 4, 'DIRECTORY'],
  ['5140 5142 5143 5144 5168', SMB, OTHER, 'SHARE', { refine: REFINE.share }],
  ['5145', SMB, 2, 'SHARE', { refine: REFINE.share }],
  ['5150 5151 5152 5153 5157', NETWORK, 5, 'FIREWALL', BLOCKED],
  ['5154', NETWORK, 7, 'FIREWALL', ALLOWED],
  ['5155', NETWORK, 7, 'FIREWALL', BLOCKED],
  ['5156', NETWORK, 1, 'FIREWALL', ALLOWED],
  ['5158', NETWORK, OTHER, 'FIREWALL', ALLOWED],
  ['5159', NETWORK, OTHER, 'FIREWALL', BLOCKED],
];

const SYSMON: readonly Row[] = [
  ['1', PROCESS, 1, 'SYSMON_CREATE'],
  ['2', FILE, 6, 'SYSMON_FILE'],
  ['3', NETWORK, 1, 'SYSMON_NETWORK'],
  ['4', ENTITY, OTHER, 'SYSMON', PRODUCT],
  ['5', PROCESS, 2, 'SYSMON_CREATE'],
  ['6', DRIVER, 1, 'SYSMON_DRIVER'],
  ['7', MODULE, 1, 'SYSMON_MODULE'],
  ['8', PROCESS, 4, 'SYSMON_TWO', { refine: REFINE.remoteThread }],
  ['9', FILE, 2, 'SYSMON_DEVICE'],
  ['10', PROCESS, 3, 'SYSMON_TWO'],
  ['11 15 29', FILE, 1, 'SYSMON_FILE'],
  ['12', REG_KEY, OTHER, 'SYSMON_REG_KEY', { refine: REFINE.registryEvent }],
  ['13', REG_VALUE, 2, 'SYSMON_REG_VALUE'],
  ['14', REG_KEY, 5, 'SYSMON_REG_RENAME'],
  ['16', ENTITY, 3, 'SYSMON', PRODUCT],
  ['17', RESOURCE, OTHER, 'PIPE'],
  ['18', RESOURCE, 1, 'PIPE'],
  ['19 20 21', ENTITY, OTHER, 'SYSMON_WMI', { refine: REFINE.wmi }],
  ['22', DNS, 1, 'DNS'],
  ['23 26', FILE, 4, 'SYSMON_FILE'],
  ['24', RESOURCE, 1, 'SYSMON'],
  ['25', PROCESS, 4, 'SYSMON_CREATE'],
  ['27', FILE, 1, 'SYSMON_FILE', BLOCKED],
  ['28', FILE, 4, 'SYSMON_FILE', BLOCKED],
  ['255', APPLICATION_ERROR, 1, 'SYSMON'],
];

const RULES: readonly (readonly [provider: number, rows: readonly Row[]])[] = [
  [PROVIDER.security, SECURITY],
  [PROVIDER.sysmon, SYSMON],
  [
    PROVIDER.eventlog,
    [
      ['104 1102', EVENT_LOG, 1, 'LOG_FILE'],
      ['1100', EVENT_LOG, 7, 'LOG_FILE'],
      ['1101 1104 1108', EVENT_LOG, OTHER, 'LOG_FILE'],
      ['1105', EVENT_LOG, 4, 'LOG_FILE'],
    ],
  ],
  [PROVIDER.powershell, [['4100 4103 4104 4105 4106 40961 40962 53504', SCRIPT, 1, 'SCRIPT']]],
  [PROVIDER.powershellClassic, [['400 403 500 501 600 800', SCRIPT, 1, 'SCRIPT']]],
  [
    PROVIDER.services,
    [
      ['7045', SERVICE, 1, 'SERVICE'],
      ['7036', SERVICE, OTHER, 'SERVICE_STATE', { refine: REFINE.serviceState }],
      ['7040', SERVICE, 2, 'SERVICE_STATE'],
      ['7031 7034', SERVICE, 4, 'SERVICE_STATE', FAILURE],
      ['7000 7009 7022 7023 7024 7038', SERVICE, 3, 'SERVICE_STATE', FAILURE],
    ],
  ],
  [
    PROVIDER.tasks,
    [
      ['106', JOB, 1, 'TASK'],
      ['140', JOB, 2, 'TASK'],
      ['141', JOB, 3, 'TASK'],
      ['142', JOB, 5, 'TASK'],
      ['100 107 108 110 118 119 129 200', JOB, 6, 'TASK'],
      ['101 103 203', JOB, 6, 'TASK', FAILURE],
      ['102 111 201 325', JOB, OTHER, 'TASK'],
    ],
  ],
  [
    PROVIDER.antivirus,
    [
      ['1006 1015 1116', FINDING, 1, 'ANTIVIRUS', { disposition: 15 }],
      ['1007 1008 1117 1118 1119', FINDING, 2, 'ANTIVIRUS'],
      ['1120 1121 1122 1123 1124 1125 1126', FINDING, 1, 'ANTIVIRUS'],
      ['5000 5009', ENTITY, 8, 'ANTIVIRUS', PRODUCT],
      ['5001 5010 5012', ENTITY, 9, 'ANTIVIRUS', PRODUCT],
      ['5004 5007 5013', ENTITY, 3, 'ANTIVIRUS'],
      ['5008', APPLICATION_ERROR, 1, 'ANTIVIRUS'],
    ],
  ],
  [
    PROVIDER.sessions,
    [
      ['21', AUTHENTICATION, 1, 'SESSION', SUCCESS],
      ['23', AUTHENTICATION, 2, 'SESSION', SUCCESS],
      ['22 24 25 39 40 41 42', AUTHENTICATION, OTHER, 'SESSION'],
    ],
  ],
  [
    PROVIDER.connections,
    [
      ['1149', AUTHENTICATION, 1, 'SESSION', SUCCESS],
      ['261', NETWORK, 1, 'SESSION'],
    ],
  ],
  [
    PROVIDER.firewall,
    [
      ['2004 2071 2097', ENTITY, 1, 'FIREWALL_RULE'],
      ['2005 2073 2099', ENTITY, 3, 'FIREWALL_RULE'],
      ['2006 2052', ENTITY, 4, 'FIREWALL_RULE'],
    ],
  ],
  [
    PROVIDER.allowlist,
    [
      ['8002 8005 8020 8023', PROCESS, 1, 'ALLOWLIST', ALLOWED],
      ['8003 8006 8021 8024', PROCESS, 1, 'ALLOWLIST', { disposition: 17 }],
      ['8004 8007 8022 8025', PROCESS, 1, 'ALLOWLIST', BLOCKED],
    ],
  ],
  [PROVIDER.transfers, [['3 4 59 60 61 16403', 0, 0, 'TRANSFER']]],
  [
    PROVIDER.dnsClient,
    [
      ['3006', DNS, 1, 'DNS'],
      ['3008 3020', DNS, 2, 'DNS'],
    ],
  ],
  [PROVIDER.crashes, [['1000', APPLICATION_ERROR, 1, 'CRASH']]],
];

const ID_COUNT = 65_536;
const rules = new Map<number, Rule>();
for (const [provider, rows] of RULES) {
  for (const [ids, classUid, activityId, profile, extra] of rows) {
    const rule: Rule = {
      classUid,
      activityId,
      profile,
      statusId: extra?.status ?? 0,
      dispositionId: extra?.disposition ?? 0,
      refine: extra?.refine ?? REFINE.none,
    };
    for (const id of ids.split(' ')) rules.set(provider * ID_COUNT + Number(id), rule);
  }
}

export const BASE: Rule = {
  classUid: 0,
  activityId: 0,
  profile: 'OTHER',
  statusId: 0,
  dispositionId: 0,
  refine: REFINE.none,
};

/** The rule of an event; a Base Event for what has none. Qualifiers above 16 bits are no part. */
export const ruleOf = (provider: number, eventId: number): Rule =>
  rules.get(provider * ID_COUNT + (eventId % ID_COUNT)) ?? BASE;
