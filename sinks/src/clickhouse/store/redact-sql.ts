// A statement as a log may show it (SIEM_DEBUG_SQL): what was done, and none of the data.

const SHOWN_MAX = 2_000;
/** Names in quotes stay; literals go: strings, heredocs, a string without its end, numbers. */
const TOKEN =
  /`[^`]*`|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|(?<![\w.])\d[\w.]*|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
/** Three literals and more, and lists of such lists. */
const LIST = /\?(?:, \?){2,}/g;
const LISTS = /(\((?:\?|, )+(?:, \.\.\.)?\))(?:, \((?:\?|, )+(?:, \.\.\.)?\))+/g;

/** On one line, at most 2,000 characters. Parameters stand in it as `{name:Type}` anyway. */
export function redactSql(sql: string): string {
  const bare = sql.replace(TOKEN, (token) => {
    if (token.startsWith('`') || token.startsWith('"')) return token;
    return token.startsWith('--') || token.startsWith('/*') ? '' : '?';
  });
  const line = bare.replace(/\s+/g, ' ').trim().replace(LIST, '?, ...').replace(LISTS, '$1, ...');
  return line.length <= SHOWN_MAX ? line : `${line.slice(0, SHOWN_MAX)}...`;
}
