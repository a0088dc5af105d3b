// The XML that CI servers read as JUnit's. Nobody has standardised it; these are the elements and
// attributes that all of them know.

export interface JunitCase {
  readonly name: string;
  readonly durationMs: number;
  /** What went wrong, the gist on the first line; null when it passed. */
  readonly failure: string | null;
}

export function junitXml(suite: string, cases: readonly JunitCase[]): string {
  const failureCount = cases.filter(({ failure }) => failure !== null).length;
  const durationMs = cases.reduce((sum, each) => sum + each.durationMs, 0);
  const counts = {
    tests: String(cases.length),
    failures: String(failureCount),
    errors: '0',
    skipped: '0',
    time: seconds(durationMs),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(counts)}>`,
    `  <testsuite${attributes({ name: suite, ...counts })}>`,
    ...cases.map(caseXml),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

function caseXml({ name, durationMs, failure }: JunitCase): string {
  const opening = `    <testcase${attributes({ classname: 'weir', name, time: seconds(durationMs) })}`;
  if (failure === null) return `${opening}/>`;
  const [message = ''] = failure.trimStart().split('\n');
  const text = `<failure${attributes({ message })}>${escaped(failure)}</failure>`;
  return `${opening}>\n      ${text}\n    </testcase>`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const attributes = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join('');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
/** The last class: XML 1.0 (section 2.2) has no way to write these, also not as a reference. */
const ESCAPED = /[&<>"]|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const escaped = (text: string): string =>
  text.replace(
    ESCAPED,
    (letter) => ENTITIES[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
