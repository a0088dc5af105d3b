// Text of a configuration file to plain objects. What is wrong with the text is said with file,
// line and column.
import { createRequire } from 'node:module';
import { parse as parseToml, TomlError } from 'smol-toml';
import { messageOf, WeirError } from '../errors.js';

/** Loaded when a YAML file comes: most starts have none, and each start counts. */
const yamlLibrary = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

/** Endings of the names that parseDocument takes. */
export const DOCUMENT_ENDINGS = ['toml', 'yaml', 'yml', 'json'] as const;

/**
 * `fileName` decides by its ending: .toml, .yaml, .yml or .json. Throws WEIR_CONFIG_UNREADABLE
 * with a message such as `weir.yaml:3:5: Map keys must be unique`.
 */
export function parseDocument(text: string, fileName: string): unknown {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  const plain = text.replace(/^\uFEFF/, '');
  switch (ending) {
    case 'toml':
      return parseTomlText(plain, fileName);
    case 'json':
      return parseJsonText(plain, fileName);
    case 'yaml':
    case 'yml':
      return parseYamlText(plain, fileName);
    default:
      throw new WeirError(
        'WEIR_CONFIG_UNREADABLE',
        `${fileName}: cannot tell the format; the name must end in .toml, .yaml, .yml or .json`,
      );
  }
}

function parseTomlText(text: string, fileName: string): unknown {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw unreadable(fileName, messageOf(error));
    const sentence = firstLine(error.message).replace(/^Invalid TOML document: /, '');
    throw unreadable(`${fileName}:${error.line}:${error.column}`, sentence);
  }
}

function parseJsonText(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = messageOf(error);
    const offset = positionIn(message) ?? firstBadOffset(text);
    const sentence = message.replace(
      / in JSON at position.*| \(line \d.*\)|, (\.\.\.)?".*is not valid JSON/s,
      '',
    );
    throw unreadable(`${fileName}:${placeOf(text, offset)}`, firstLine(sentence));
  }
}

function positionIn(message: string): number | null {
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? null : Number(position);
}

/** Where no position was said: the end of the longest part that more text could make right. */
function firstBadOffset(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isBeginning(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isBeginning(part: string): boolean {
  try {
    JSON.parse(part);
    return true;
  } catch (error) {
    const message = messageOf(error);
    const isShort = /^(Unexpected end|Unterminated)/.test(message);
    return isShort || positionIn(message) === part.length;
  }
}

/** The core schema of YAML 1.2 with `<<`. Foreign tags and repeated keys are errors. */
function parseYamlText(text: string, fileName: string): unknown {
  try {
    return readYaml(text, fileName);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    // For instance an anchor that grows without bound.
    throw unreadable(fileName, firstLine(messageOf(error)));
  }
}

function readYaml(text: string, fileName: string): unknown {
  const { LineCounter, parseAllDocuments } = yamlLibrary();
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: 'core',
    merge: true,
    uniqueKeys: true,
    prettyErrors: false,
    lineCounter,
  });
  // An empty text has no document.
  if (!Array.isArray(documents) || documents[0] === undefined) return {};
  const [document, second] = documents;
  const place = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  // A tag that is not of the core schema is a warning to the library.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw unreadable(place(problem.pos[0]), firstLine(problem.message));
  if (second !== undefined) {
    throw unreadable(place(second.range[0]), 'the file holds more than one YAML document');
  }
  // Null for a file of comments alone.
  return document.toJS() ?? {};
}

const unreadable = (place: string, sentence: string): WeirError =>
  new WeirError('WEIR_CONFIG_UNREADABLE', `${place}: ${sentence}`);
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;

/** `line:column` of an offset, both from 1. */
function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `${before.split('\n').length}:${offset - lineStart + 1}`;
}
