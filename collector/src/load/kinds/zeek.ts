// Zeek's conn, dns, http and ssl logs, as JSON (LogAscii::use_json) and as rows of the default TSV
// (Zeek "Log Formats and Inspection"). Rows of TSV need the header lines of their log before them.
import { DOMAINS, SERVERS, writeInside, writeOutside, writePort, writeSize } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const SERVICES = ['ssl', 'http', 'dns', 'ssh', 'ntp'];
const STATES = ['SF', 'S0', 'REJ', 'RSTO', 'S1'];
const HISTORIES = ['ShADadFf', 'S', 'Dd', 'ShADadR', 'Sr'];
const QTYPES = ['A', 'AAAA', 'MX', 'TXT'];

/** Fields of the conn log, as `#fields` names them. */
export const ZEEK_CONN_HEADER =
  '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n' +
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t' +
  'orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t' +
  'orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n' +
  '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t' +
  'bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]';

/** Seconds since 1970 with microseconds; digits vary within eleven days. */
const writeTs = (t: TemplateWriter): TemplateWriter => t.text('1767').digits(6).text('.').digits(6);

function writeIds(t: TemplateWriter, draw: Draw, respPort: string): void {
  t.text('{"ts":');
  writeTs(t).text(',"uid":"C').token(17).text('","id.orig_h":"');
  writeInside(t, draw);
  t.text('","id.orig_p":');
  writePort(t, draw);
  t.text(',"id.resp_h":"');
  writeOutside(t, draw);
  t.text(`","id.resp_p":${respPort}`);
}

function writeConnJson(t: TemplateWriter, draw: Draw): void {
  writeIds(t, draw, draw.pick(['443', '80', '53', '22', '123']));
  t.text(`,"proto":"${draw.pick(['tcp', 'udp'])}","service":"${draw.skewed(SERVICES)}"`);
  t.text(',"duration":').number(2).text('.').digits(6).text(',"orig_bytes":');
  writeSize(t, draw, 6);
  t.text(',"resp_bytes":');
  writeSize(t, draw, 7);
  t.text(`,"conn_state":"${draw.skewed(STATES)}","local_orig":true,"local_resp":false`);
  t.text(`,"missed_bytes":0,"history":"${draw.skewed(HISTORIES)}","orig_pkts":`);
  writeSize(t, draw, 3);
  t.text(',"orig_ip_bytes":');
  writeSize(t, draw, 6);
  t.text(',"resp_pkts":');
  writeSize(t, draw, 3);
  t.text(',"resp_ip_bytes":');
  writeSize(t, draw, 7);
  t.text(',"weir":"').mark().text('"}');
}

function writeDnsJson(t: TemplateWriter, draw: Draw): void {
  writeIds(t, draw, '53');
  t.text(',"proto":"udp","trans_id":').number(5).text(',"rtt":0.').digits(6);
  t.text(`,"query":"${draw.skewed(DOMAINS)}","qclass":1,"qclass_name":"C_INTERNET","qtype":1`);
  t.text(`,"qtype_name":"${draw.skewed(QTYPES)}","rcode":0,"rcode_name":"NOERROR","AA":false`);
  t.text(',"TC":false,"RD":true,"RA":true,"Z":0,"answers":["');
  writeOutside(t, draw);
  t.text('"],"TTLs":[').number(3).text('.0],"rejected":false,"weir":"').mark().text('"}');
}

function writeConnTsv(t: TemplateWriter, draw: Draw): void {
  writeTs(t).text('\tC').token(17).text('\t');
  writeInside(t, draw);
  t.text('\t');
  writePort(t, draw);
  t.text('\t');
  writeOutside(t, draw);
  t.text(`\t${draw.pick(['443', '80', '53', '22'])}\t${draw.pick(['tcp', 'udp'])}`);
  t.text(`\t${draw.skewed(SERVICES)}\t`)
    .number(2)
    .text('.')
    .digits(6)
    .text('\t');
  writeSize(t, draw, 6);
  t.text('\t');
  writeSize(t, draw, 7);
  t.text(`\t${draw.skewed(STATES)}\tT\tF\t0\t${draw.skewed(HISTORIES)}\t`);
  writeSize(t, draw, 3);
  t.text('\t');
  writeSize(t, draw, 6);
  t.text('\t');
  writeSize(t, draw, 3);
  t.text('\t');
  writeSize(t, draw, 7);
  // The last column is a set of texts: the mark stands in it.
  t.text('\t').mark();
}

const kind = (
  name: string,
  write: (t: TemplateWriter, draw: Draw) => void,
  isJson: boolean,
): Kind => ({
  name,
  draw: (draw): Drawn => ({
    pri: 16 * 8 + 6,
    host: draw.skewed(SERVERS),
    app: 'zeek',
    hasPid: false,
    legacy: 'bare',
    isJson,
    body: (t) => write(t, draw),
  }),
});

export const zeekConnJson = kind('zeek_conn_json', writeConnJson, true);
export const zeekDnsJson = kind('zeek_dns_json', writeDnsJson, true);
export const zeekConnTsv = kind('zeek_conn_tsv', writeConnTsv, false);
