// An event on one line, for people: when, how severe, from where, what.

type Fields = Readonly<Record<string, unknown>>;

/** Of OCSF's severity_id. */
const SEVERITIES = ['-', 'info', 'low', 'medium', 'high', 'critical', 'fatal'];
const SEVERITY_WIDTH = 8;
const SEVERITY_HIGH = 4;
const SEVERITY_MEDIUM = 3;
const RED = '\x1b[31m';
const YELLOW = '\x1b[33m';
const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';
/** What the line says anyway, or says nothing to people. */
const LEFT_OUT = new Set([
  'time',
  'severity_id',
  'source',
  'message',
  'device',
  'class_uid',
  'category_uid',
  'activity_id',
  'type_uid',
  'metadata',
  'syslog',
  'parser',
  'parser_version',
  'raw_data',
  'raw_data_base64',
]);

export function prettyEvent(event: Fields, isColoured: boolean): string {
  const colour = (code: string, text: string): string =>
    isColoured ? `${code}${text}${PLAIN}` : text;
  const source = textOf(event.source);
  // Before parsing there is nothing but the bytes.
  if (event.parser === undefined) return `${colour(DIM, source)}  ${textOf(event.raw_data)}`;
  const severity = Number(event.severity_id ?? 0);
  const word = (SEVERITIES[severity] ?? '-').padEnd(SEVERITY_WIDTH);
  const shade = severity >= SEVERITY_HIGH ? RED : severity >= SEVERITY_MEDIUM ? YELLOW : '';
  const host = textOf(fieldsOf(event.device).hostname);
  const product = textOf(fieldsOf(fieldsOf(event.metadata).product).name) || textOf(event.parser);
  const rest = [...flat(event)].map(([path, value]) => `${colour(DIM, `${path}=`)}${quote(value)}`);
  return [
    colour(DIM, textOf(event.time).slice(0, 23) || '-'),
    shade === '' ? word : colour(shade, word),
    host === '' || host === source ? source : `${host} (${source})`,
    product,
    textOf(event.message) || (rest.length === 0 ? textOf(event.raw_data) : ''),
    ...rest,
  ]
    .filter((part) => part !== '')
    .join('  ');
}

/** Paths and values of what is worth a word. */
function* flat(fields: Fields, prefix = ''): Generator<[path: string, value: string]> {
  for (const [key, value] of Object.entries(fields)) {
    if (prefix === '' && LEFT_OUT.has(key)) continue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      yield* flat(value as Fields, `${prefix}${key}.`);
    } else {
      yield [clean(`${prefix}${key}`), textOf(Array.isArray(value) ? value.join(',') : value)];
    }
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** What comes from outside must not steer the terminal. */
const textOf = (value: unknown): string =>
  value === undefined || value === null ? '' : clean(String(value));

function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is meant.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `\\x${code}`;
  });
}

function quote(value: string): string {
  return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}
