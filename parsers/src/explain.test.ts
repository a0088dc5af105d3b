// Scenario: events of every kind of pack, with someone asking how they came to it.
// Guarantees: pack and version are those of the row; the rule is the one of this event, not of an
//   earlier one; the form of the header is told; who was asked before is told, in order; the rows
//   are the same as when nobody asks.
import { ColumnWriter, EventRow, type InputFormat } from '@weir/pipeline';
import t from 'tap';
import { type Explanation, type ParseOptions, parseBatch } from './index.js';
import { batchOf, utf8 } from './testing.js';

function explained(
  events: readonly string[],
  format: InputFormat = 'syslog',
  options: ParseOptions = {},
): Explanation[] {
  const batch = batchOf(events.map(utf8), { format });
  const rowsOf = (more: ParseOptions): unknown[] => {
    const row = new EventRow(parseBatch(batch, new ColumnWriter(), { ...options, ...more }));
    return events.map((_, index) => structuredClone(row.move(index).toOcsf()));
  };
  const explanations: Explanation[] = [];
  const explain = (row: number, explanation: Explanation): void => {
    explanations[row] = explanation;
  };
  t.strictSame(rowsOf({ explain }), rowsOf({}), 'asking changes nothing');
  return explanations;
}
const head = '<134>Mar  1 12:00:00 host ';
const DENY = '%ASA-4-106023: Deny tcp src out:192.0.2.1/1 dst in:192.0.2.2/2 by access-group "a"';

t.test('the rule of each pack that can say it', async (t) => {
  const cases: readonly (readonly [event: string, pack: string, rule: RegExp])[] = [
    [head + DENY, 'cisco_asa', /^106023: \{action\} \{proto\} src \{src\} dst \{dst\}/],
    [`${head}%ASA-4-106023: else`, 'cisco_asa', /^106023: no form fits/],
    [`${head}%ASA-4-999999: else`, 'cisco_asa', /^999999: no form known/],
    [
      `${head}%SYS-5-CONFIG_I: Configured from console by alice on vty0 (192.0.2.1)`,
      'cisco_ios',
      /^SYS-5-CONFIG_I: Configured from \{configured_from\}/,
    ],
    [`${head}%SYS-5-OTHER: else`, 'cisco_ios', /^SYS-5-OTHER: no form fits/],
    [
      `${head}1,2026/03/01 12:00:00,0011,TRAFFIC,end,2305,2026/03/01 12:00:00,192.0.2.1`,
      'panos_csv',
      /^TRAFFIC\/end, layout traffic: 8 fields, 115 documented$/,
    ],
    [
      `${head}sshd[1]: Connection closed by 192.0.2.1 port 5`,
      'linux_sshd',
      /^Connection \{action:closed\} by \{host\}/,
    ],
    [`${head}sudo: pam_unix(sudo:session): session closed for user root`, 'linux_pam', /closed/],
    [
      `${head}tmm[1]: 01260013:4: SSL Handshake failed for TCP 192.0.2.1:5 -> 192.0.2.2:443`,
      'f5_bigip',
      /^SSL Handshake failed for \{transport\}/,
    ],
  ];
  const explanations = explained(cases.map(([event]) => event));
  cases.forEach(([event, pack, rule], index) => {
    t.match(explanations[index], { pack, version: '1', rule, header: 'rfc3164' }, event);
  });
  const unknown = explained([`${head}sshd[1]: Connection closed by 192.0.2.1`, `${head}sshd: x`]);
  t.equal(unknown[1]?.rule, undefined, 'the rule of an earlier event is no rule of this one');
});

t.test('objects', async (t) => {
  const [zeek, windows, other] = explained(
    [
      '{"ts":1772366400.1,"uid":"C1","id.orig_h":"192.0.2.1","conn_state":"SF"}',
      '{"EventID":4624,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security"}',
      '{"a":1}',
    ],
    'json',
  );
  t.match(zeek, { pack: 'zeek_json', rule: 'log conn', header: 'none', not_recognised: [] });
  t.match(windows, {
    pack: 'windows_json',
    rule: 'Microsoft-Windows-Security-Auditing 4624: rule with profile LOGON',
    not_recognised: ['zeek_json'],
  });
  t.match(other, { pack: 'json' });
  t.equal(other?.not_recognised.includes('windows_json'), true);
});

t.test('the header, and who was asked before', async (t) => {
  const [new5424, old, bare, blank] = explained([
    '<13>1 2026-02-28T22:14:15Z gate app - - - one',
    '<13>Mar  1 12:00:00 gate app: one',
    'one',
    ' ',
  ]);
  t.match(new5424, { pack: 'syslog_5424', header: 'rfc5424' });
  t.match(old, { pack: 'syslog_3164', header: 'rfc3164' });
  t.match(bare, { pack: 'syslog_3164', header: 'none' });
  t.match(blank, { header: 'none', not_recognised: [], said_no: [] });
  t.equal(old?.not_recognised[0], 'linux_audit');
  t.equal(old?.not_recognised.at(-1), 'key_value');
  const [refused] = explained([
    `${head}sshd[1]: pam_unix(sshd:session): session closed for user a`,
  ]);
  t.match(refused, { pack: 'linux_pam', said_no: ['linux_sshd'] });
  const own = { name: 'mine', version: '3', parse: () => 'no' as const };
  t.strictSame(explained([`${head}${DENY}`], 'syslog', { own })[0]?.said_no, ['mine']);
  const taker = { ...own, parse: () => 'parsed' as const };
  const [mine] = explained([`${head}${DENY}`], 'syslog', { own: taker });
  t.match(mine, { pack: 'mine', version: '3', header: 'rfc3164', said_no: [] });
});
