// Which events a profile mixes, and in which shares of a thousand.
import { app } from './kinds/app.js';
import { ciscoAsa } from './kinds/cisco-asa.js';
import { fortigate } from './kinds/fortigate.js';
import type { Kind } from './kinds/kind.js';
import { cron, sshd, sudo } from './kinds/linux.js';
import { panos } from './kinds/panos.js';
import { REPETITIVE_KINDS } from './kinds/repetitive.js';
import { sysmon } from './kinds/sysmon.js';
import { zeekConnJson, zeekConnTsv, zeekDnsJson } from './kinds/zeek.js';

export interface ProfilePart {
  readonly kind: Kind;
  /** Of 1000 events. */
  readonly share: number;
}

const alone = (kind: Kind): readonly ProfilePart[] => [{ kind, share: 1000 }];

export const PROFILES = {
  /** What a small company's perimeter and servers send. */
  mixed: [
    { kind: fortigate, share: 200 },
    { kind: sshd, share: 210 },
    { kind: ciscoAsa, share: 250 },
    { kind: panos, share: 90 },
    { kind: sudo, share: 60 },
    { kind: cron, share: 70 },
    { kind: app, share: 120 },
  ],
  fortigate: alone(fortigate),
  /** sshd, sudo and cron. */
  linux: [
    { kind: sshd, share: 600 },
    { kind: sudo, share: 180 },
    { kind: cron, share: 220 },
  ],
  cisco_asa: alone(ciscoAsa),
  panos: alone(panos),
  app: alone(app),
  sshd: alone(sshd),
  zeek_json: [
    { kind: zeekConnJson, share: 600 },
    { kind: zeekDnsJson, share: 400 },
  ],
  /** Rows only: a receiver needs the header lines of conn.log from elsewhere. */
  zeek_tsv: alone(zeekConnTsv),
  /** Process creation and network connections, as Winlogbeat sends them. */
  sysmon: alone(sysmon),
  /** Five vendors in 60 variants, about 290 bytes: compresses far better than real logs. */
  peers: REPETITIVE_KINDS.map((kind) => ({ kind, share: 200 })),
} as const satisfies Readonly<Record<string, readonly ProfilePart[]>>;

/** Profiles of few templates that come one after the other instead of by chance. */
export const CYCLIC_TEMPLATE_COUNTS: Readonly<Record<string, number>> = { peers: 60 };

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
