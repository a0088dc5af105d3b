// Scenario: the same two misfortunes happen to Weir's spool, to rsyslog's disk queue and to
// syslog-ng's reliable disk buffer: kill -9 (at rest and mid-stream) while the sink is down, and a
// disk that is full for some seconds.
// Guarantees: Weir loses nothing that was sent a second before a kill, nothing while the disk is
// full, keeps the order and goes on by itself. What the others do is told, not judged.
import { join } from 'node:path';
import { unpackTool } from '../../harness/debian-tool.js';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass, skip } from '../../harness/report.js';
import { SmallDisk } from '../../harness/small-disk.js';
import { hasRsyslog, RsyslogPeer, SyslogNgPeer, WeirPeer } from './peers.js';
import { diskFull, killNine, type MakePeer, type Outcome } from './scenarios.js';
import { tableOf } from './table.js';

const SYSLOG_NG = ['syslog-ng-core', 'libivykis0', 'libnet1', 'libpcre3', 'libwrap0'];
const DISK_MIB = 96;

export const peersSpool: Proof = {
  name: 'peers_spool',
  summary: 'kill -9 and a full disk: Weir beside the disk buffers of rsyslog and syslog-ng',
  sabotages: ['drop_event'],
  needs: { cores: 2, diskMiB: 1024, memoryMiB: 2048, privileges: ['root'], expectedSeconds: 240 },
  run,
};

async function run(context: ProofContext): Promise<ProofResult> {
  if (!hasRsyslog()) return skip('needs the Debian package rsyslog: apt-get install rsyslog');
  const syslogNg = unpackTool('usr/sbin/syslog-ng', SYSLOG_NG);
  if (syslogNg === null) return skip('the Debian package syslog-ng-core cannot be had');
  const peers: Record<string, MakePeer> = {
    weir: (place) => new WeirPeer(place),
    rsyslog: (place) => new RsyslogPeer(place),
    syslogNg: (place) => new SyslogNgPeer(place, syslogNg),
  };
  const outcomes: Record<string, Outcome> = {};
  // With a planted fault only Weir is of interest.
  const names = context.sabotage === null ? Object.keys(peers) : ['weir'];
  for (const name of names) {
    const make = peers[name] as MakePeer;
    outcomes[`${name}Kill`] = await killNine(make, baseOf(context, `kill-${name}`), context.seed);
    context.say(`${name}, kill -9: ${told(outcomes[`${name}Kill`])}`);
    outcomes[`${name}Full`] = await onSmallDisk(make, context, name);
    context.say(`${name}, disk full: ${told(outcomes[`${name}Full`])}`);
  }
  for (const line of tableOf(outcomes)) context.say(line);
  const figures = figuresOf(outcomes);
  for (const scenario of ['weirKill', 'weirFull']) {
    const found = outcomes[scenario] as Outcome;
    if (found.lost > 0) return fail(`${scenario}: ${found.lost} events lost`, figures);
    if (found.outOfOrder > 0)
      return fail(`${scenario}: ${found.outOfOrder} events out of order`, figures);
    if (!found.isAlive) return fail(`${scenario}: the collector ended`, figures);
  }
  return pass(figures);
}

async function onSmallDisk(make: MakePeer, context: ProofContext, name: string): Promise<Outcome> {
  const disk = SmallDisk.mount(join(context.directory, `disk-${name}`), DISK_MIB);
  try {
    const base = { directory: join(disk.path, 'peer'), sabotage: context.sabotage };
    return await diskFull(make, base, context.seed + 1, disk);
  } finally {
    disk.unmount();
  }
}

const baseOf = ({ directory, sabotage }: ProofContext, name: string) => ({
  directory: join(directory, name),
  sabotage,
});

const told = (outcome: Outcome | undefined): string =>
  outcome === undefined
    ? ''
    : `${outcome.sent} sent, ${outcome.lost} lost, ${outcome.lostInFlight} of the last second lost, ` +
      `${outcome.twice} twice, ${outcome.outOfOrder} out of order, ` +
      `${outcome.isAlive ? 'alive' : 'ENDED'}, drained in ${outcome.drainSeconds} s`;

function figuresOf(outcomes: Readonly<Record<string, Outcome>>): Record<string, unknown> {
  const figures: Record<string, unknown> = {};
  for (const [name, outcome] of Object.entries(outcomes))
    for (const [key, value] of Object.entries(outcome))
      figures[`${name}${key.slice(0, 1).toUpperCase()}${key.slice(1)}`] = value;
  return figures;
}
