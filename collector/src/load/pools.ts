// Invented names and addresses that templates draw from. Addresses are private (RFC 1918) or set
// aside for documentation and benchmarks (RFC 5737, RFC 2544, RFC 3849).
import type { Draw } from './random.js';
import type { TemplateWriter } from './template.js';

// biome-ignore format: a word list reads better packed.
const FIRST = [
  'alice', 'bruno', 'carla', 'david', 'elena', 'farid', 'greta', 'henry', 'ines', 'jonas', 'karin',
  'liam', 'mona', 'nadia', 'omar', 'petra', 'quinn', 'rosa', 'sven', 'tara', 'umar', 'vera', 'wim',
  'xenia', 'yusuf', 'zoe',
];
const LAST = ['adler', 'brandt', 'costa', 'dietz', 'evans', 'fischer', 'garcia', 'huang', 'ito'];
const SITES = ['ber', 'fra', 'lis', 'osl', 'par', 'rom', 'sto', 'vie'];
const VERBS = ['orders', 'billing', 'catalog', 'search', 'login', 'mailer', 'reports', 'export'];

const cross = <T>(left: readonly T[], right: readonly T[], join: (a: T, b: T) => string) =>
  left.flatMap((a) => right.map((b) => join(a, b)));

/** 234 people, `alice.adler`. */
export const USERS = cross(FIRST, LAST, (first, last) => `${first}.${last}`);
/** Accounts that attackers and scripts try. */
export const ACCOUNTS = ['root', 'admin', 'oracle', 'test', 'ubuntu', 'postgres', 'backup', 'git'];
export const SERVERS = cross(SITES, ['web', 'db', 'app', 'mail', 'build'], (s, r) => `${r}-${s}`);
export const FIREWALLS = SITES.map((site) => `FGT-${site.toUpperCase()}`);
export const SERVICES = VERBS;
export const DOMAINS = cross(FIRST, ['net', 'com', 'org'], (name, tld) => `${name}.example.${tld}`);

/** A private address of one site: 10.site.x.y, where x and y vary from event to event. */
export function writeInside(t: TemplateWriter, draw: Draw): void {
  t.text(`10.${draw.between(1, 8)}.`);
  writeOctet(t, draw);
  t.text('.');
  writeOctet(t, draw);
}

/** A public address; now and then IPv6 when the format allows it. */
export function writeOutside(t: TemplateWriter, draw: Draw): void {
  const kind = draw.below(8);
  if (kind < 5) {
    t.text(`198.${draw.between(18, 19)}.`);
    writeOctet(t, draw);
    t.text('.');
  } else {
    t.text(draw.pick(['192.0.2.', '198.51.100.', '203.0.113.']));
  }
  writeOctet(t, draw);
}

/** A client's port: 10000 to 59999. */
export function writePort(t: TemplateWriter, draw: Draw): void {
  t.text(String(draw.between(1, 5))).digits(4);
}

/** A size or a counter: its number of digits is drawn, so that sizes spread over decades. */
export function writeSize(t: TemplateWriter, draw: Draw, digitsMax: number): void {
  t.number(draw.between(2, digitsMax));
}

function writeOctet(t: TemplateWriter, draw: Draw): void {
  const width = draw.between(1, 3);
  if (width === 3) t.text('1').digits(2);
  else t.number(width);
}
