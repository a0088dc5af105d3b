// Example configurations from the schema: `weir generate`, examples/ and the pages of docs/.
import { WeirError } from '@weir/pipeline';
import { nearestOf } from '@weir/pipeline/config';
import { type ComponentSpec, components } from '../components/index.js';
import { type ExampleChoice, fullExample, plainExample, wiredDocument } from './example.js';
import { type ExampleFormat, writeExample } from './write.js';

export { EXAMPLE_FORMATS, type ExampleFormat } from './write.js';

/** What runs when nothing is configured. */
export const DEFAULT_SELECTION = 'syslog,http';

const KINDS = ['source', 'transform', 'sink'] as const;

/**
 * A commented configuration of the chosen components with every setting there is. `selection` is
 * `source,.../transform,.../sink,...`, each part possibly empty. Throws WEIR_USAGE.
 */
export function generateConfiguration(selection: string, format: ExampleFormat): string {
  const heading = [
    'A configuration of weir run. What is commented out stands at its default. Check yours with',
    'weir validate FILE. Made by:',
    `weir generate --format ${format} ${selection}`,
  ];
  return writeExample(fullExample(choiceOf(selection)), format, heading);
}

/** The small example of a component: what it needs before and behind it, and nothing else. */
export function componentExample(spec: ComponentSpec, format: 'toml' | 'yaml'): string {
  const specOf = (kind: string, type: string): ComponentSpec[] =>
    components.filter((other) => other.kind === kind && other.type === type);
  const document = wiredDocument({
    sources: spec.kind === 'source' ? [spec] : specOf('source', 'syslog'),
    transforms: spec.kind === 'transform' ? [spec] : [],
    sinks:
      spec.kind === 'sink' ? [spec] : spec.kind === 'transform' ? specOf('sink', 'stdout') : [],
  });
  return writeExample(plainExample(document), format);
}

function choiceOf(selection: string): ExampleChoice {
  const parts = selection.split('/');
  if (parts.length > KINDS.length) {
    throw new WeirError('WEIR_USAGE', `a selection is SOURCES/TRANSFORMS/SINKS; got ${selection}`);
  }
  const [sources, transforms, sinks] = KINDS.map((kind, index) => {
    const types = (parts[index] ?? '').split(',').map((type) => type.trim());
    return types.filter((type) => type !== '').map((type) => componentOf(kind, type));
  });
  if (sources === undefined || sources.length === 0) {
    throw new WeirError(
      'WEIR_USAGE',
      `a selection needs a source, such as syslog; got ${selection}`,
    );
  }
  const clickhouseCount = sinks?.filter(({ type }) => type === 'clickhouse').length ?? 0;
  if (clickhouseCount > 1)
    throw new WeirError('WEIR_USAGE', 'there is at most one clickhouse sink');
  return { sources, transforms: transforms ?? [], sinks: sinks ?? [] };
}

function componentOf(kind: ComponentSpec['kind'], type: string): ComponentSpec {
  const ofKind = components.filter((spec) => spec.kind === kind);
  const found = ofKind.find((spec) => spec.type === type);
  if (found !== undefined) return found;
  const types = ofKind.map((spec) => spec.type);
  const elsewhere = components.find((spec) => spec.type === type);
  const nearest = nearestOf(type, types);
  const help =
    elsewhere !== undefined
      ? `it is a ${elsewhere.kind}, and those stand in part ${KINDS.indexOf(elsewhere.kind) + 1} of SOURCES/TRANSFORMS/SINKS`
      : nearest === null
        ? `${kind}s are ${types.join(', ')}`
        : `did you mean ${nearest}?`;
  throw new WeirError('WEIR_USAGE', `there is no ${kind} ${type}; ${help}`);
}

export { skeletonOf } from './pack-skeleton.js';
