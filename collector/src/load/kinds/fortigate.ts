// FortiGate key=value events after Fortinet's "FortiOS Log Message Reference" (traffic forward, utm
// webfilter and ips, event user and system).
import {
  DOMAINS,
  FIREWALLS,
  USERS,
  writeInside,
  writeOutside,
  writePort,
  writeSize,
} from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const SERVICES: readonly (readonly [string, number, number])[] = [
  ['HTTPS', 443, 6],
  ['HTTP', 80, 6],
  ['DNS', 53, 17],
  ['SSH', 22, 6],
  ['SMB', 445, 6],
  ['NTP', 123, 17],
  ['RDP', 3389, 6],
];
const APPS = ['HTTPS.BROWSER', 'Microsoft.365', 'DNS', 'Zoom', 'SSL_TLSv1.3', 'Git', 'QUIC'];
const COUNTRIES = ['Germany', 'United States', 'France', 'Japan', 'Brazil', 'Norway', 'Reserved'];
const CATEGORIES: readonly (readonly [number, string])[] = [
  [52, 'Information Technology'],
  [41, 'Search Engines and Portals'],
  [26, 'Malicious Websites'],
  [61, 'Phishing'],
  [31, 'Finance and Banking'],
];
const ATTACKS = ['HTTP.URI.SQL.Injection', 'Apache.Log4j.Error.Log.RCE', 'Backdoor.DoublePulsar'];
const PATHS = ['/index.html', '/api/v2/items', '/login', '/static/app.js', '/search', '/update'];

function writeHead(t: TemplateWriter, draw: Draw, host: string, head: string): void {
  t.text('date=').clock('date').text(' time=').clock('time');
  t.text(` devname="${host}" devid="FGT60FTK${draw.between(20_000_000, 20_000_040)}"`);
  t.text(' eventtime=').clock('epochUs').digits(3).text(` tz="+0000" ${head} vd="root"`);
}

function writeEnds(t: TemplateWriter, draw: Draw, port: number): void {
  t.text(' srcip=');
  writeInside(t, draw);
  t.text(' srcport=');
  writePort(t, draw);
  t.text(` srcintf="lan${draw.between(1, 4)}" dstip=`);
  writeOutside(t, draw);
  t.text(` dstport=${port} dstintf="wan${draw.between(1, 2)}"`);
}

function writeTraffic(t: TemplateWriter, draw: Draw, host: string): void {
  const [service, port, protocol] = draw.skewed(SERVICES);
  const denied = draw.chance(15);
  const head = 'logid="0000000013" type="traffic" subtype="forward" level="notice"';
  writeHead(t, draw, host, head);
  writeEnds(t, draw, port);
  t.text(` dstcountry="${draw.skewed(COUNTRIES)}" srcname="pc-`)
    .hex(8)
    .text('" sessionid=')
    .number(8);
  t.text(` proto=${protocol} action="${denied ? 'deny' : 'close'}"`);
  t.text(` policyid=${draw.between(1, 60)} service="${service}"`);
  if (!denied && draw.chance(60)) t.text(` user="${draw.skewed(USERS)}"`);
  t.text(` trandisp="snat" transip=203.0.113.`).number(2).text(' transport=');
  writePort(t, draw);
  t.text(` app="${draw.skewed(APPS)}" duration=`);
  t.number(draw.between(1, 4)).text(' sentbyte=');
  writeSize(t, draw, denied ? 2 : 8);
  t.text(' rcvdbyte=');
  writeSize(t, draw, denied ? 2 : 9);
  t.text(' sentpkt=');
  writeSize(t, draw, 5);
  t.text(' rcvdpkt=');
  writeSize(t, draw, 5);
  t.text(' wanin=');
  writeSize(t, draw, 9);
  t.text(' lanin=');
  writeSize(t, draw, 9);
}

function writeWebFilter(t: TemplateWriter, draw: Draw, host: string): void {
  const [category, name] = draw.skewed(CATEGORIES);
  const domain = draw.skewed(DOMAINS);
  const blocked = category === 26 || category === 61;
  const head = 'logid="0316013056" type="utm" subtype="webfilter" eventtype="ftgd_blk"';
  writeHead(t, draw, host, `${head} level="${blocked ? 'warning' : 'notice'}"`);
  t.text(` policyid=${draw.between(1, 60)} sessionid=`).number(8);
  t.text(` user="${draw.skewed(USERS)}"`);
  writeEnds(t, draw, 443);
  t.text(` proto=6 service="HTTPS" hostname="${domain}" profile="default"`);
  t.text(` action="${blocked ? 'blocked' : 'passthrough'}" reqtype="direct"`);
  t.text(` url="https://${domain}${draw.skewed(PATHS)}?id=`)
    .token(12)
    .text('" sentbyte=');
  writeSize(t, draw, 5);
  t.text(` rcvdbyte=0 direction="outgoing" msg="URL belongs to a category in policy"`);
  t.text(` cat=${category} catdesc="${name}"`);
}

function writeIps(t: TemplateWriter, draw: Draw, host: string): void {
  const head = 'logid="0419016384" type="utm" subtype="ips" eventtype="signature" level="alert"';
  writeHead(t, draw, host, head);
  t.text(' severity="high"');
  writeEnds(t, draw, 80);
  t.text(' sessionid=').number(8).text(` action="dropped" proto=6 service="HTTP"`);
  t.text(` policyid=${draw.between(1, 60)} attack="${draw.pick(ATTACKS)}" attackid=`).number(5);
  t.text(' incidentserialno=').number(9);
  t.text(` msg="web_misc: detected" crscore=${draw.between(10, 50)} crlevel="high"`);
}

function writeLogin(t: TemplateWriter, draw: Draw, host: string): void {
  const failed = draw.chance(30);
  const head = 'logid="0100032001" type="event" subtype="system" level="information"';
  writeHead(t, draw, host, head);
  t.text(` logdesc="Admin login ${failed ? 'failed' : 'successful'}" sn="`).number(10);
  t.text(`" user="${draw.skewed(USERS)}" ui="https(`);
  writeInside(t, draw);
  t.text(`)" method="https" srcip=`);
  writeInside(t, draw);
  t.text(` action="login" status="${failed ? 'failed' : 'success'}" reason="none"`);
}

export const fortigate: Kind = {
  name: 'fortigate',
  draw(draw): Drawn {
    const host = draw.skewed(FIREWALLS);
    const part = draw.below(100);
    return {
      pri: part < 60 ? 189 : 188,
      host,
      app: 'fortigate',
      hasPid: false,
      legacy: 'bare',
      isJson: false,
      body: (t) => {
        if (part < 70) writeTraffic(t, draw, host);
        else if (part < 85) writeWebFilter(t, draw, host);
        else if (part < 92) writeIps(t, draw, host);
        else writeLogin(t, draw, host);
        t.text(' ').mark();
      },
    };
  },
};
