// Scenario: someone presses Tab in a real bash; zsh and fish read their scripts.
// Guarantees: commands, options, choices, files and directories are completed, behind `=` too;
// the scripts are made from the program, so that a new option needs nothing. Where zsh and fish are
// not installed, only the text of their scripts is looked at.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import t, { type Test } from 'tap';
import { generateCommand } from '../generate.js';
import { parseCommand } from '../parse.js';
import { validateCommand } from '../validate.js';
import { completionCommand, completionScript } from './index.js';

function program(): Command {
  const weir = new Command('weir').version('0.0.0', '-V, --version');
  const spool = new Command('spool').description('Look after a spool.');
  spool.addCommand(new Command('inspect').option('--data <dir>', "someone's directory: [here]"));
  spool.addCommand(new Command('fsck'));
  weir.addCommand(
    new Command('run').option('--config <file>', 'x').addOption(new Option('--dark').hideHelp()),
  );
  for (const command of [
    validateCommand(),
    generateCommand(),
    parseCommand(),
    completionCommand(),
    spool,
  ])
    weir.addCommand(command);
  return weir;
}

/** What bash offers for the line; the cursor stands at its end. `=` is a word, as in bash. */
function offered(t: Test, line: string, cwd = process.cwd()): string[] {
  const words = line.split(/ |(?==)|(?<==)/);
  const script = `${completionScript(program(), 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
complete -p weir | grep -q -- '-F _weir weir' || exit 3
_weir
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const result = spawnSync('bash', ['--norc', '-u', '-c', script], { encoding: 'utf8', cwd });
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stderr, '');
  return result.stdout.split('\n').filter((word) => word !== '');
}

t.test('bash: commands and options', async (t) => {
  t.same(offered(t, 'weir '), [
    'run',
    'validate',
    'generate',
    'parse',
    'completion',
    'spool',
    'help',
  ]);
  t.same(offered(t, 'weir val'), ['validate']);
  t.same(offered(t, 'weir --ver'), ['--version']);
  t.same(offered(t, 'weir parse --fr'), ['--framing']);
  t.same(offered(t, 'weir validate -'), ['--effective', '--json', '--help', '-h']);
  t.same(offered(t, 'weir run --d'), [], 'a hidden option stays hidden');
  t.same(offered(t, 'weir help gen'), ['generate']);
  t.same(offered(t, 'weir nothing '), offered(t, 'weir '));
});

t.test('bash: choices, before and behind =', async (t) => {
  t.same(offered(t, 'weir generate --format '), ['toml', 'yaml', 'json']);
  t.same(offered(t, 'weir generate --format y'), ['yaml']);
  t.same(offered(t, 'weir generate --format='), ['toml', 'yaml', 'json']);
  t.same(offered(t, 'weir generate --format=j'), ['json']);
  t.same(offered(t, 'weir completion f'), ['fish']);
  t.ok(offered(t, 'weir parse --pack ').includes('fortigate_kv'));
  t.same(offered(t, 'weir parse --schema ocsf --framing o'), ['octet']);
});

t.test('bash: files and directories, with blanks in their names', async (t) => {
  const folder = t.testdir({ 'weir one.toml': '', 'weir.yaml': '' });
  mkdirSync(join(folder, 'weir.d'));
  t.same(offered(t, 'weir validate weir', folder).sort(), ['weir one.toml', 'weir.d', 'weir.yaml']);
  t.same(offered(t, 'weir run --config weir.y', folder), ['weir.yaml']);
  t.same(offered(t, 'weir spool inspect --data we', folder), ['weir.d']);
  mkdirSync(join(folder, 'parse'));
  t.same(offered(t, 'weir par', folder), ['parse'], 'a folder of the same name is no matter');
});

t.test('bash: commands below commands', async (t) => {
  t.same(offered(t, 'weir spool '), ['inspect', 'fsck', 'help']);
  t.same(offered(t, 'weir spool fs'), ['fsck']);
  t.same(offered(t, 'weir spool inspect --d'), ['--data']);
});

t.test('the command prints the script of its program', async (t) => {
  const weir = program();
  const written: string[] = [];
  t.intercept(process.stdout, 'write', {
    value: (text: string) => {
      written.push(text);
      return true;
    },
  });
  await weir.parseAsync(['completion', 'bash'], { from: 'user' });
  t.equal(written.join(''), completionScript(program(), 'bash'));
});

const CHECKERS = { bash: ['-n'], zsh: ['-n'], fish: ['--no-execute'] } as const;
for (const shell of ['bash', 'zsh', 'fish'] as const) {
  t.test(`${shell}: names everything, and its syntax is right`, async (t) => {
    const text = completionScript(program(), shell);
    for (const name of ['validate', 'inspect', 'framing', 'effective']) t.match(text, name);
    t.match(text, 'toml yaml json');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is the point.
    t.notMatch(text, /[^\x00-\x7f]/);
    const file = join(t.testdir({}), `completion.${shell}`);
    writeFileSync(file, text);
    const result = spawnSync(shell, [...CHECKERS[shell], file], { encoding: 'utf8' });
    if (result.error !== undefined) {
      t.comment(`${shell} is not installed: only the text of its script was looked at`);
      // Every quote that opens closes in its line, as both shells take no escape in this place.
      const odd = text
        .split('\n')
        .filter((line) => withoutEscapes(line).split("'").length % 2 === 0);
      t.same(
        odd.filter((line) => !line.startsWith('#')),
        [],
      );
      return;
    }
    t.equal(result.status, 0, result.stderr);
  });
}

/** zsh: '\'' ends, escapes and opens; fish: \' stays inside. */
const withoutEscapes = (line: string): string => line.replaceAll("'\\''", '').replaceAll("\\'", '');
