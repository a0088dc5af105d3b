// Lines of five vendors in few variants with few moving parts: what simple load generators send.
// They compress far better than real logs, so they show the cost of everything but compression, and
// figures on them can be held against those of other collectors that were measured that way.
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const VARIANTS = 12;

type Body = (t: TemplateWriter, variant: number) => void;
type Fixed = Pick<Drawn, 'pri' | 'app' | 'hasPid' | 'legacy'>;

const kind = (name: string, host: (variant: number) => string, fixed: Fixed, body: Body): Kind => ({
  name: `repetitive_${name}`,
  draw(draw: Draw): Drawn {
    const variant = draw.below(VARIANTS);
    const write = (t: TemplateWriter): void => {
      body(t, variant);
      t.text(' ').mark();
    };
    return { ...fixed, host: host(variant), isJson: false, body: write };
  },
});

const sshd = kind(
  'sshd',
  (v) => `web${v}.example.net`,
  { pri: 86, app: 'sshd', hasPid: true, legacy: 'bsd' },
  (t, v) =>
    t.text(
      `Accepted publickey for deploy${v} from 203.0.113.${v * 7 + 1} port ${40_000 + v * 31} ssh2: ` +
        `ED25519 SHA256:q7Yt0rVjM1n4bR8sWkLz3cXfPaDg5hJu6eTiOoBv${v}Nw session opened on tty ssh, ` +
        'auth method publickey, kex curve25519-sha256, cipher chacha20-poly1305',
    ),
);

const sudo = kind(
  'sudo',
  (v) => `db${v}.example.net`,
  { pri: 85, app: 'sudo', hasPid: true, legacy: 'bsd' },
  (t, v) =>
    t.text(
      `deploy${v} : TTY=pts/${v} ; PWD=/home/deploy${v} ; USER=root ; GROUP=adm ; ` +
        'COMMAND=/usr/bin/systemctl --no-pager restart "postgresql@14-main" ; ' +
        'ENV=LANG=en_US.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
    ),
);

const ciscoAsa = kind(
  'cisco_asa',
  (v) => `asa${v}`,
  { pri: 166, app: '%ASA-6-302013', hasPid: false, legacy: 'bsd' },
  (t, v) =>
    t.text(
      `Built outbound TCP connection ${812_345_678 + v * 17} for outside:198.51.100.${v + 9}/443 ` +
        `(198.51.100.${v + 9}/443)(LOCAL\\svc-proxy) to inside:10.20.${v}.44/${50_000 + v * 31} ` +
        `(192.0.2.${v + 4}/${50_000 + v * 31}) idle 0:00:00, bytes 0, flags UIO`,
    ),
);

const fortigate = kind(
  'fortigate',
  (v) => `fgt${v}`,
  { pri: 189, app: 'fortigate', hasPid: false, legacy: 'bsd' },
  (t, v) =>
    t
      .text('date=')
      .clock('date')
      .text(' time=')
      .clock('time')
      .text(
        ` devname="FGT60F-${v}" logid="0000000013" type="traffic" subtype="forward" ` +
          `level="notice" vd="root" srcip=10.1.${v}.22 srcport=${50_000 + v * 17} ` +
          `dstip=198.51.100.${v + 3} dstport=443 action="close" policyid=${v + 1} ` +
          `sentbyte=${v * 1013 + 77} rcvdbyte=${v * 40_127 + 99}`,
      ),
);

const panos = kind(
  'panos',
  (v) => `pa${v}.example.net`,
  { pri: 14, app: 'pan', hasPid: false, legacy: 'bsd' },
  (t, v) =>
    t
      .text('1,')
      .clock('slashed')
      .text(`,0123010${10_000 + v * 7},TRAFFIC,end,2561,`)
      .clock('slashed')
      .text(
        `,10.3.${v}.17,203.0.113.${v + 5},0.0.0.0,0.0.0.0,allow-web,example\\user${v},,ssl,vsys1,` +
          `trust,untrust,ethernet1/2,ethernet1/1,fwd,,${40_000 + v},1,${50_000 + v * 13},443,0,0,` +
          '0x1c,tcp,allow,5512,1890,3622,25',
      ),
);

export const REPETITIVE_KINDS: readonly Kind[] = [sshd, sudo, ciscoAsa, fortigate, panos];
