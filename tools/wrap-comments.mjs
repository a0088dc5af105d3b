// Wraps comment lines that are longer than 100 columns; biome formats code but leaves comments
// alone. node tools/wrap-comments.mjs [FOLDER OR FILE...] changes the files; part of npm run
// format.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COLUMNS_MAX = 100;
const COMMENT = /^(\s*(?:\/\/|\*(?!\/))) (.*)$/;
/** What starts a line of its own: lists, tables, tags, code, directives. */
const OWN_LINE = /^(?:[-*|@#`]|\d+[.)]\s|\s|biome-ignore|https?:)/;

/** The text with long comments wrapped; wrapping twice changes nothing. */
export function wrapComments(text) {
  const lines = text.split('\n').flatMap(openDocComment);
  const wrapped = [];
  while (lines.length > 0) {
    const line = lines.shift();
    const match = COMMENT.exec(line);
    const cut = line.lastIndexOf(' ', COLUMNS_MAX);
    if (match === null || line.length <= COLUMNS_MAX || OWN_LINE.test(match[2])) {
      wrapped.push(line);
      continue;
    }
    const [, prefix] = match;
    if (cut <= prefix.length) {
      wrapped.push(line);
      continue;
    }
    wrapped.push(line.slice(0, cut));
    const rest = line.slice(cut + 1);
    const next = COMMENT.exec(lines[0] ?? '');
    if (next !== null && next[1] === prefix && !OWN_LINE.test(next[2]))
      lines[0] = `${prefix} ${rest} ${next[2]}`;
    else lines.unshift(`${prefix} ${rest}`);
  }
  return wrapped.join('\n');
}

/** A one-line doc comment that is too long, as three lines. */
function openDocComment(line) {
  const match = /^(\s*)\/\*\* (.*) \*\/$/.exec(line);
  if (match === null || line.length <= COLUMNS_MAX) return [line];
  return [`${match[1]}/**`, `${match[1]} * ${match[2]}`, `${match[1]} */`];
}

function filesUnder(path) {
  if (statSync(path).isFile()) return [path];
  return (
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => !['node_modules', 'dist', 'var', '.tap', '.git'].includes(entry.name))
      .flatMap((entry) => filesUnder(join(path, entry.name)))
      // Kept short on purpose, at the price of dense lines (tidy-rules.mjs).
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith('verifier/weir-verify.mjs'))
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  const roots = named.length > 0 ? named : [join(import.meta.dirname, '..')];
  for (const path of roots.flatMap(filesUnder)) {
    const text = readFileSync(path, 'utf8');
    const wrapped = wrapComments(text);
    if (wrapped !== text) writeFileSync(path, wrapped);
  }
}
