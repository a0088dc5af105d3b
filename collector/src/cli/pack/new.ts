// `weir pack new NAME`: a folder with a parser that works, a golden case and a test.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { PACK_NAMES } from '@weir/parsers';
import { messageOf, WeirError } from '@weir/pipeline';
import { Command } from 'commander';
import { skeletonOf } from '../../config/generate/index.js';

/** A name as packs have it: it stands in every row as `parser`, and begins paths of its own. */
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const NAME_CHARACTERS_MAX = 40;
const LIBRARY = 'node_modules/@weir/pipeline';

export function newCommand(): Command {
  return new Command('new')
    .description('Make a folder with a parser of your own, a golden case and a test; all pass.')
    .argument('<name>', 'name of the parser in lower_snake_case, and of the folder')
    .option('--in <folder>', 'where the folder is made', '.')
    .addHelpText(
      'after',
      '\nThe folder has parser.js, parser.test.js, weir.toml, README.md and cases/sign-in with\n' +
        'input.raw and expected.jsonl. Nothing that exists is written over.',
    )
    .action((name: string, options: { readonly in: string }) => {
      process.stdout.write(create(name, options.in));
    });
}

/** Writes the folder. Returns what to do next. */
function create(name: string, parent: string): string {
  checkName(name);
  const folder = join(parent, name);
  if (existsSync(folder))
    throw new WeirError('WEIR_USAGE', `${folder} exists; choose another name`);
  const lines = [`made ${folder}:`];
  try {
    for (const [path, text] of skeletonOf(name)) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { flag: 'wx' });
      lines.push(`  ${path}`);
    }
  } catch (error) {
    throw new WeirError('WEIR_USAGE', `cannot write into ${folder}: ${messageOf(error)}`);
  }
  lines.push('next:');
  if (!hasLibrary(folder))
    lines.push('  npm install --no-save CLONE/pipeline   (the parser imports @weir/pipeline)');
  const shown = relative('.', folder);
  lines.push(`  weir test ${shown} --watch`, `  node --test ${shown}/parser.test.js`);
  return `${lines.join('\n')}\n`;
}

function checkName(name: string): void {
  if (!NAME.test(name) || name.length > NAME_CHARACTERS_MAX)
    throw new WeirError(
      'WEIR_USAGE',
      `the name must be in lower_snake_case, ${NAME_CHARACTERS_MAX} characters at most; got "${name}"`,
    );
  if (PACK_NAMES.includes(name))
    throw new WeirError('WEIR_USAGE', `Weir has a pack ${name}; choose another name`);
}

/** Whether a module in the folder finds the library, as Node looks for it. */
function hasLibrary(folder: string): boolean {
  let place = resolve(folder);
  for (;;) {
    if (existsSync(join(place, LIBRARY))) return true;
    const above = dirname(place);
    if (above === place) return false;
    place = above;
  }
}
