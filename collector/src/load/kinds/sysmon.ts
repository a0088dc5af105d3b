// Sysmon's process creation (id 1) and network connection (id 3) as Winlogbeat sends them
// (Winlogbeat reference "Exported fields"; Sysmon manual "Events").
import { SERVERS, USERS, writeInside, writeOutside, writePort } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const IMAGES = [
  'C:\\Windows\\System32\\svchost.exe',
  'C:\\Windows\\System32\\cmd.exe',
  'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
  'C:\\Program Files\\Example\\agent.exe',
  'C:\\Windows\\explorer.exe',
];

function writeHead(t: TemplateWriter, draw: Draw, id: number, host: string): void {
  t.text('{"@timestamp":"').clock('iso').text('","event":{"code":"');
  t.text(`${id}","kind":"event","module":"sysmon","provider":"Microsoft-Windows-Sysmon"},`);
  t.text(`"host":{"name":"${host}"},"log":{"level":"information"},`);
  t.text('"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational",');
  t.text(`"computer_name":"${host}","event_id":"${id}","record_id":`).number(6);
  t.text(',"provider_name":"Microsoft-Windows-Sysmon","process":{"pid":').number(4);
  t.text(',"thread":{"id":').number(4).text('}},"event_data":{"RuleName":"-","UtcTime":"');
  t.clock('date').text(' ').clock('time').text('.').digits(3);
  t.text('","ProcessGuid":"{').hex(8).text('-').hex(4).text('-').hex(4).text('-').hex(4);
  t.text('-').hex(12).text('}","ProcessId":"').number(4).text('","Image":"');
  t.quoted(() => t.text(draw.skewed(IMAGES)));
  t.text('","User":"EXAMPLE\\\\').text(draw.skewed(USERS)).text('",');
}

function writeProcess(t: TemplateWriter, draw: Draw, host: string): void {
  writeHead(t, draw, 1, host);
  const image = draw.skewed(IMAGES);
  t.text('"FileVersion":"10.0.19041.1","Description":"Example","Product":"Example",');
  t.text('"Company":"Example Corporation","OriginalFileName":"example.exe","CommandLine":"\\"');
  t.quoted(() => t.text(image));
  t.text('\\" /run /id:').number(6).text('","CurrentDirectory":"C:\\\\Windows\\\\system32\\\\",');
  t.text('"LogonGuid":"{').hex(8).text('-1111-2222-3333-').hex(12).text('}","LogonId":"0x3e7",');
  t.text('"TerminalSessionId":"0","IntegrityLevel":"System","Hashes":"SHA1=').hex(40);
  t.text(',MD5=').hex(32).text(',SHA256=').hex(64).text(',IMPHASH=').hex(32);
  t.text('","ParentProcessGuid":"{').hex(8).text('-1111-2222-3333-').hex(12);
  t.text('}","ParentProcessId":"').number(4).text('","ParentImage":"');
  t.quoted(() => t.text(draw.skewed(IMAGES)));
  t.text('","ParentCommandLine":"').mark().text('"}}}');
}

function writeConnection(t: TemplateWriter, draw: Draw, host: string): void {
  writeHead(t, draw, 3, host);
  t.text('"Protocol":"tcp","Initiated":"true","SourceIsIpv6":"false","SourceIp":"');
  writeInside(t, draw);
  t.text(`","SourceHostname":"${host}","SourcePort":"`);
  writePort(t, draw);
  t.text('","SourcePortName":"-","DestinationIsIpv6":"false","DestinationIp":"');
  writeOutside(t, draw);
  t.text('","DestinationHostname":"').mark().text('","DestinationPort":"443",');
  t.text('"DestinationPortName":"https"}}}');
}

export const sysmon: Kind = {
  name: 'sysmon',
  draw(draw): Drawn {
    const host = draw.skewed(SERVERS);
    const write = draw.chance(70) ? writeProcess : writeConnection;
    return {
      pri: 16 * 8 + 6,
      host,
      app: 'winlogbeat',
      hasPid: false,
      legacy: 'bare',
      isJson: true,
      body: (t) => write(t, draw, host),
    };
  },
};
