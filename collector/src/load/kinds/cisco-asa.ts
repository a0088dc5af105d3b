// Cisco ASA after "Cisco Secure Firewall ASA Series Syslog Messages": 302013, 302014, 106023,
// 113039.
import { USERS, writeInside, writeOutside, writePort, writeSize } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const HOSTS = ['asa-ber-1', 'asa-fra-1', 'asa-osl-2', 'asa-par-1'];
const REASONS = ['TCP FINs', 'TCP Reset-I', 'SYN Timeout', 'TCP Reset-O', 'Idle Timeout'];
const PORTS = [443, 80, 25, 22, 3389, 8443];

function writeEnds(t: TemplateWriter, draw: Draw): void {
  const port = draw.skewed(PORTS);
  t.text('outside:');
  writeOutside(t, draw);
  t.text(`/${port} (198.51.100.`).number(2).text(`/${port}) to inside:`);
  writeInside(t, draw);
  t.text('/');
  writePort(t, draw);
}

function writeBody(t: TemplateWriter, draw: Draw, part: number): void {
  if (part < 40) {
    t.text('%ASA-6-302013: Built outbound TCP connection ').number(9).text(' for ');
    writeEnds(t, draw);
    t.text(' (203.0.113.').number(2).text('/');
    writePort(t, draw);
    t.text(')');
  } else if (part < 75) {
    t.text('%ASA-6-302014: Teardown TCP connection ').number(9).text(' for ');
    writeEnds(t, draw);
    t.text(` duration ${draw.below(10)}:`)
      .text(String(draw.below(6)))
      .digits(1);
    t.text(`:${draw.below(6)}`)
      .digits(1)
      .text(' bytes ');
    writeSize(t, draw, 8);
    t.text(` ${draw.skewed(REASONS)}`);
  } else if (part < 95) {
    t.text('%ASA-4-106023: Deny tcp src outside:');
    writeOutside(t, draw);
    t.text('/');
    writePort(t, draw);
    t.text(' dst inside:');
    writeInside(t, draw);
    t.text(`/${draw.skewed(PORTS)} by access-group "OUTSIDE_IN" [0x`)
      .hex(8)
      .text(', 0x0]');
  } else {
    t.text(`%ASA-6-113039: Group <STAFF> User <${draw.skewed(USERS)}> IP <`);
    writeOutside(t, draw);
    t.text('> AnyConnect parent session started.');
  }
  t.text(' ').mark();
}

export const ciscoAsa: Kind = {
  name: 'cisco_asa',
  draw(draw): Drawn {
    const part = draw.below(100);
    return {
      pri: part >= 75 && part < 95 ? 164 : 166,
      host: draw.skewed(HOSTS),
      app: 'asa',
      hasPid: false,
      legacy: 'asa',
      isJson: false,
      body: (t) => writeBody(t, draw, part),
    };
  },
};
