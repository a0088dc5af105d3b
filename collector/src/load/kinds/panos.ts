// PAN-OS TRAFFIC and THREAT as CSV, in the field order of Palo Alto's "Syslog Field Descriptions"
// (PAN-OS 10.2), shortened after the fields that analysts use. The mark is a last field.
import { DOMAINS, USERS, writeInside, writeOutside, writePort, writeSize } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const HOSTS = ['pa-ber-1', 'pa-lis-1', 'pa-rom-1', 'pa-vie-2'];
const APPS = ['web-browsing', 'ssl', 'dns-base', 'ms-update', 'smtp-base', 'ssh'];
const RULES = ['allow-web', 'allow-dns', 'staff-out', 'servers-out', 'default-deny'];
const REASONS = ['tcp-fin', 'aged-out', 'tcp-rst-from-client', 'tcp-rst-from-server'];
const THREATS = ['Suspicious TLS Evasion(14978)', 'HTTP SQL Injection(30514)', 'Trojan/Gen(38364)'];

function writeEnds(t: TemplateWriter, draw: Draw): void {
  writeInside(t, draw);
  t.text(',');
  writeOutside(t, draw);
  t.text(',203.0.113.').number(2).text(',');
  writeOutside(t, draw);
  t.text(`,${draw.skewed(RULES)},corp\\${draw.skewed(USERS)},,${draw.skewed(APPS)},vsys1`);
  t.text(`,trust,untrust,ethernet1/${draw.between(1, 4)},ethernet1/8,siem,`).clock('slashed');
  t.text(',').number(6).text(',1,');
  writePort(t, draw);
  t.text(`,${draw.pick([443, 80, 53, 25, 22])},`);
  writePort(t, draw);
  t.text(',443,0x').hex(6).text(',tcp,');
}

function writeBody(t: TemplateWriter, draw: Draw): void {
  const threat = draw.chance(15);
  t.text('1,')
    .clock('slashed')
    .text(`,0132010${draw.between(10_000, 10_009)},`);
  t.text(threat ? 'THREAT,vulnerability,2562,' : 'TRAFFIC,end,2562,')
    .clock('slashed')
    .text(',');
  writeEnds(t, draw);
  if (threat) {
    t.text(`reset-both,"${draw.skewed(DOMAINS)}/`).token(10);
    t.text(`",${draw.pick(THREATS)},any,high,client-to-server,`).number(10);
  } else {
    t.text('allow,');
    writeSize(t, draw, 8);
    t.text(',');
    writeSize(t, draw, 6);
    t.text(',');
    writeSize(t, draw, 8);
    t.text(',');
    writeSize(t, draw, 4);
    t.text(',')
      .clock('slashed')
      .text(`,${draw.between(0, 900)},any,,`)
      .number(10);
    t.text(`,0x0,United States,Germany,,12,8,${draw.skewed(REASONS)}`);
  }
  t.text(',').mark();
}

export const panos: Kind = {
  name: 'panos',
  draw: (draw): Drawn => ({
    pri: 14,
    host: draw.skewed(HOSTS),
    app: 'panos',
    hasPid: false,
    legacy: 'bsd_untagged',
    isJson: false,
    body: (t) => writeBody(t, draw),
  }),
};
