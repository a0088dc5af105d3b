// OpenSSH, sudo and cron as they log to syslog (facilities auth 4, authpriv 10, cron 9; RFC 5424
// 6.2.1).
import { ACCOUNTS, SERVERS, USERS, writeInside, writeOutside, writePort } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const COMMANDS = [
  '/usr/bin/systemctl restart nginx',
  '/usr/bin/apt-get update',
  '/usr/bin/journalctl -u postgresql -n 200',
  '/bin/cat /var/log/auth.log',
  '/usr/sbin/tcpdump -i eth0 port 53',
  '/usr/bin/docker ps --all',
  '/usr/bin/rsync -a --delete /srv/data/ /backup/data/',
];
const JOBS = [
  '/usr/lib/sysstat/debian-sa1 1 1',
  'test -x /usr/sbin/anacron',
  '/opt/jobs/rotate.sh',
];
const KEYS = ['ED25519', 'RSA', 'ECDSA'];

/** The mark stands where sshd writes a text of others: the sentence stays one of its own. */
function writeSshd(t: TemplateWriter, draw: Draw): void {
  const part = draw.below(100);
  if (part < 75) {
    const isKnown = part < 40;
    t.text(isKnown ? 'Accepted publickey for ' : 'Failed publickey for invalid user ');
    t.text(`${draw.skewed(isKnown ? USERS : ACCOUNTS)} from `);
    if (isKnown) writeInside(t, draw);
    else writeOutside(t, draw);
    t.text(' port ');
    writePort(t, draw);
    t.text(` ssh2: ${draw.skewed(KEYS)} SHA256:`).token(43);
    t.text(' ').mark();
  } else if (part < 88) {
    t.text('Received disconnect from ');
    writeInside(t, draw);
    t.text(' port ');
    writePort(t, draw);
    t.text(':11: disconnected by user ').mark();
  } else {
    t.text('Unable to negotiate with ');
    writeOutside(t, draw);
    t.text(' port ');
    writePort(t, draw);
    t.text(': no matching host key type found. Their offer: ssh-dss ').mark().text(' [preauth]');
  }
}

function writeSudo(t: TemplateWriter, draw: Draw): void {
  const user = draw.skewed(USERS);
  t.text(`${user} : TTY=pts/${draw.below(9)} ; PWD=/home/${user} ; USER=root ; `);
  t.text(`COMMAND=${draw.skewed(COMMANDS)} --tag=`)
    .hex(12)
    .text(' ')
    .mark();
}

function writeCron(t: TemplateWriter, draw: Draw): void {
  t.text(`(${draw.skewed(ACCOUNTS)}) CMD (${draw.skewed(JOBS)} --job=`)
    .number(6)
    .text(' ')
    .mark()
    .text(')');
}

export const sshd: Kind = {
  name: 'sshd',
  draw: (draw): Drawn => ({
    pri: 4 * 8 + 6,
    host: draw.skewed(SERVERS),
    app: 'sshd',
    hasPid: true,
    legacy: 'bsd',
    isJson: false,
    body: (t) => writeSshd(t, draw),
  }),
};

export const sudo: Kind = {
  name: 'sudo',
  draw: (draw): Drawn => ({
    pri: 10 * 8 + 5,
    host: draw.skewed(SERVERS),
    app: 'sudo',
    hasPid: false,
    legacy: 'bsd',
    isJson: false,
    body: (t) => writeSudo(t, draw),
  }),
};

export const cron: Kind = {
  name: 'cron',
  draw: (draw): Drawn => ({
    pri: 9 * 8 + 6,
    host: draw.skewed(SERVERS),
    app: 'CRON',
    hasPid: true,
    legacy: 'bsd',
    isJson: false,
    body: (t) => writeCron(t, draw),
  }),
};
