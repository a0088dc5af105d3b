// Patterns of the user and what their groups become. RE2 alone reads them: its time grows with the
// length of the text, whatever the pattern and whoever wrote the text.
import { FIELDS, messageOf } from '@weir/pipeline';
import { nearestOf } from '@weir/pipeline/config';
import { RE2JS } from 're2js';
import { type FieldTarget, targetOfPath } from '../common/keys.js';

/** As a `parse` transform has it. */
export interface RegexSpec {
  /** One pattern in RE2's syntax, or several, of which the first that matches counts. */
  readonly regex: string | readonly string[];
  /** By name of a group: an OCSF path, or `unmapped.NAME`. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** `path` is a JSON pointer below the transform. */
export interface RegexProblem {
  readonly path: string;
  readonly message: string;
}

/** What a group's text becomes. */
export interface GroupPlan {
  /** Index in the match. */
  readonly index: number;
  /** Field of the path that was named; null: the key decides, as in JSON and key=value. */
  readonly target: FieldTarget | null;
  /** Whether the text goes to unmapped whatever the key means. */
  readonly isUnmapped: boolean;
  readonly key: Uint8Array;
}
export interface PatternPlan {
  readonly pattern: RE2JS;
  readonly groups: readonly GroupPlan[];
}

export const PATTERNS_MAX = 64;
export const PATTERN_CHARACTERS_MAX = 4_096;
/** Steps of a compiled pattern: the dearest text costs some 20 ns a step for each of its bytes. */
const PROGRAM_STEPS_MAX = 1_000;
const UNMAPPED = 'unmapped.';
const encoder = new TextEncoder();

export type RegexResult =
  | { readonly plans: readonly PatternPlan[]; readonly problems: readonly [] }
  | { readonly plans: null; readonly problems: readonly RegexProblem[] };

/** Does not throw: what is wrong with the patterns or their fields is in `problems`. */
export function compileRegex({ regex, fields = {} }: RegexSpec): RegexResult {
  const isList = typeof regex !== 'string';
  const texts = isList ? regex : [regex];
  const problems: RegexProblem[] = [];
  const compiled: RE2JS[] = [];
  texts.forEach((text, index) => {
    const found = compilePattern(text);
    if (typeof found !== 'string') compiled.push(found);
    else problems.push({ path: isList ? `/regex/${index}` : '/regex', message: found });
  });
  problems.push(...countProblems(texts.length), ...fieldProblems(compiled, texts, fields));
  if (problems.length > 0) return { plans: null, problems };
  return { plans: compiled.map((pattern) => planOf(pattern, fields)), problems: [] };
}

function countProblems(count: number): RegexProblem[] {
  if (count > 0 && count <= PATTERNS_MAX) return [];
  return [{ path: '/regex', message: `must be 1 to ${PATTERNS_MAX} patterns; got ${count}` }];
}

/** The pattern, or what is wrong with it. */
function compilePattern(text: string): RE2JS | string {
  if (text.length > PATTERN_CHARACTERS_MAX)
    return `too long: ${text.length} characters, limit is ${PATTERN_CHARACTERS_MAX}`;
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text);
  } catch (error) {
    return `is no regular expression (RE2): ${whereWrong(text, error)}`;
  }
  const steps = pattern.programSize();
  if (steps > PROGRAM_STEPS_MAX)
    return `too complex: ${steps} steps, limit is ${PROGRAM_STEPS_MAX}; repeat less`;
  if (Object.keys(pattern.namedGroups()).length === 0)
    return 'has no named group, such as (?P<user>\\w+): nothing would be read';
  return pattern;
}

/** `missing closing ) at character 5: "(a"`. Characters count from 1. */
function whereWrong(text: string, error: unknown): string {
  const { error: words, input } = error as { error?: unknown; input?: unknown };
  if (typeof words !== 'string') return messageOf(error);
  const part = typeof input === 'string' ? input : '';
  const index = placeOf(text, words, part);
  const shown = text.slice(index, index + 20);
  return `${words} at character ${index + 1}${shown === '' ? ', the end' : `: ${JSON.stringify(shown)}`}`;
}

function placeOf(text: string, words: string, part: string): number {
  // A backslash at the end has nothing behind it to show.
  if (part === '') return Math.max(0, text.length - 1);
  if (part === text && words.includes('missing closing )')) return unmatched(text).open;
  if (part === text && words.includes('unexpected )')) return unmatched(text).close;
  const name = words.includes('duplicate') ? `<${part}>` : part;
  return Math.max(0, words.includes('duplicate') ? text.lastIndexOf(name) : text.indexOf(name));
}

/** Where a parenthesis stands that has no other; the end where there is none. */
function unmatched(text: string): { readonly open: number; readonly close: number } {
  const opened: number[] = [];
  let isClass = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '\\') i++;
    else if (isClass) isClass = letter !== ']';
    else if (letter === '[') {
      isClass = true;
      // A bracket that closes does not, in the first place.
      if (text[i + 1] === '^') i++;
      if (text[i + 1] === ']') i++;
    } else if (letter === '(') opened.push(i);
    else if (letter === ')' && opened.pop() === undefined) return { open: text.length, close: i };
  }
  return { open: opened.at(-1) ?? text.length, close: text.length };
}

function fieldProblems(
  compiled: readonly RE2JS[],
  texts: readonly string[],
  fields: Readonly<Record<string, string>>,
): RegexProblem[] {
  // A pattern that is wrong may be the one that has the group.
  const isWhole = compiled.length === texts.length;
  const groups = [...new Set(compiled.flatMap((pattern) => Object.keys(pattern.namedGroups())))];
  const owners = new Map<string, string>();
  return Object.entries(fields).flatMap(([group, target]) => {
    const path = `/fields/${group}`;
    const other = owners.get(target);
    const isTogether = compiled.some((pattern) => {
      const named = pattern.namedGroups();
      return other !== undefined && Object.hasOwn(named, group) && Object.hasOwn(named, other);
    });
    owners.set(target, group);
    if (isTogether) return [{ path, message: `is ${target}, as ${other} is already` }];
    if (isWhole && !groups.includes(group)) {
      const hint = hintFor(group, groups, `there are ${groups.join(', ')}`);
      return [{ path, message: `no pattern has a group ${group}; ${hint}` }];
    }
    const message = targetProblem(target);
    return message === null ? [] : [{ path, message }];
  });
}

function targetProblem(target: string): string | null {
  const got = `got ${JSON.stringify(target)}`;
  if (target.startsWith(UNMAPPED))
    return target.length > UNMAPPED.length ? null : `must have a name behind unmapped.; ${got}`;
  if (targetOfPath(target) !== null) return null;
  const paths = FIELDS.map((field) => field.path).filter((path) => targetOfPath(path) !== null);
  const hint = hintFor(target, paths, 'no path of the schema is near it');
  return `must be an OCSF path or ${UNMAPPED}NAME; ${hint}; ${got}`;
}

function hintFor(word: string, known: readonly string[], otherwise: string): string {
  const nearest = nearestOf(word, known);
  return nearest === null ? otherwise : `did you mean ${nearest}?`;
}

function planOf(pattern: RE2JS, fields: Readonly<Record<string, string>>): PatternPlan {
  const groups = Object.entries(pattern.namedGroups()).map(([name, index]): GroupPlan => {
    const target = Object.hasOwn(fields, name) ? (fields[name] as string) : null;
    const isUnmapped = target?.startsWith(UNMAPPED) === true;
    const key = isUnmapped ? (target as string).slice(UNMAPPED.length) : name;
    return {
      index,
      target: target === null || isUnmapped ? null : targetOfPath(target),
      isUnmapped,
      key: encoder.encode(key),
    };
  });
  // What a field was chosen for goes before what a name happens to mean.
  groups.sort((a, b) => Number(a.target === null) - Number(b.target === null));
  return { pattern, groups };
}
