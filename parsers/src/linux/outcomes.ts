// What the messages of Linux programs are in OCSF 1.8: classes and their activities.
import { FIELD } from '@weir/pipeline';
import { type Outcome, outcome } from '../common/text-events.js';

export const CLASS = {
  base: 0,
  file: 1001,
  kernel: 1003,
  job: 1006,
  process: 1007,
  finding: 2004,
  account: 3001,
  authentication: 3002,
  group: 3006,
  network: 4001,
  dhcp: 4004,
  ssh: 4007,
  application: 6002,
} as const;

export const SUCCEEDED = [FIELD.status_id, 1] as const;
export const FAILED = [FIELD.status_id, 2] as const;
export const ALLOWED = [FIELD.disposition_id, 1] as const;
export const BLOCKED = [FIELD.disposition_id, 2] as const;
/** account_switch_type_id: Substitute User. */
const SUBSTITUTE = [FIELD.account_switch_type_id, 1] as const;

/** Authentication. */
export const LOGON = outcome(CLASS.authentication, 1);
export const LOGON_SUCCEEDED = outcome(CLASS.authentication, 1, SUCCEEDED);
export const LOGON_FAILED = outcome(CLASS.authentication, 1, FAILED);
export const LOGOFF = outcome(CLASS.authentication, 2);
export const SWITCH_SUCCEEDED = outcome(CLASS.authentication, 7, SUCCEEDED, SUBSTITUTE);
export const SWITCH_FAILED = outcome(CLASS.authentication, 7, FAILED, SUBSTITUTE);

/** SSH Activity. */
export const SSH_OPEN = outcome(CLASS.ssh, 1);
export const SSH_CLOSE = outcome(CLASS.ssh, 2);
export const SSH_RESET = outcome(CLASS.ssh, 3);
export const SSH_FAIL = outcome(CLASS.ssh, 4);
export const SSH_REFUSE = outcome(CLASS.ssh, 5, BLOCKED);
export const SSH_TRAFFIC = outcome(CLASS.ssh, 6);
export const SSH_LISTEN = outcome(CLASS.ssh, 7);

/** Account Change. */
const ofAccount = (activity: number): Outcome => outcome(CLASS.account, activity, SUCCEEDED);
export const ACCOUNT_CREATED = ofAccount(1);
export const ACCOUNT_ENABLED = ofAccount(2);
export const PASSWORD_CHANGED = ofAccount(3);
export const ACCOUNT_DELETED = ofAccount(6);
export const ACCOUNT_LOCKED = ofAccount(9);
export const ACCOUNT_UNLOCKED = ofAccount(12);
/** 99 Other: a shell, a home directory, an expiry date. */
export const ACCOUNT_CHANGED = ofAccount(99);

/** Group Management. */
const ofGroup = (activity: number): Outcome => outcome(CLASS.group, activity, SUCCEEDED);
export const MEMBER_ADDED = ofGroup(3);
export const MEMBER_REMOVED = ofGroup(4);
export const GROUP_DELETED = ofGroup(5);
export const GROUP_CREATED = ofGroup(6);
export const GROUP_CHANGED = ofGroup(99);

/** Process Activity. */
export const LAUNCHED = outcome(CLASS.process, 1, SUCCEEDED, ALLOWED);
export const LAUNCH_REFUSED = outcome(CLASS.process, 1, FAILED, BLOCKED);

/** Scheduled Job Activity. */
export const JOB_STARTED = outcome(CLASS.job, 6);
export const JOB_CHANGED = outcome(CLASS.job, 2);
export const JOB_DELETED = outcome(CLASS.job, 3);
export const JOB_OTHER = outcome(CLASS.job, 99);

/** Application Lifecycle. */
export const STARTED = outcome(CLASS.application, 3, SUCCEEDED);
export const STARTING = outcome(CLASS.application, 3);
export const START_FAILED = outcome(CLASS.application, 3, FAILED);
export const STOPPED = outcome(CLASS.application, 4, SUCCEEDED);
export const STOPPING = outcome(CLASS.application, 4);
export const RESTARTED = outcome(CLASS.application, 5);
/** 99 Other: the service failed, or reloaded its configuration. */
export const SERVICE_FAILED = outcome(CLASS.application, 99, FAILED);
export const SERVICE_CHANGED = outcome(CLASS.application, 99);

export const OTHER = outcome(CLASS.base, 0);
export const OTHER_FAILED = outcome(CLASS.base, 0, FAILED);
