// `weir validate`: reads a configuration as `weir run` would, and prints what was understood.
import {
  FORWARDED,
  type GraphDocument,
  type JsonSchema,
  messageOf,
  outputNames,
  WeirError,
  wayOf,
} from '@weir/pipeline';
import { Command } from 'commander';
import { chooseDestination } from '../config/destination.js';
import { graphOf } from '../config/graph.js';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { ConfigSchema } from '../config/schema.js';
import { withoutSecrets } from '../config/secrets.js';
import { visitSettings } from '../config/walk.js';
import { type ReadTables, readTables } from '../run/tables/read-table.js';
import { checkModules } from '../run/worker/modules.js';
import { checkSpoolOf, type SpoolCheck, spoolCheckLine } from './spool/quick-check.js';

interface ValidateFlags {
  readonly json?: true;
  readonly effective?: true;
}

export function validateCommand(): Command {
  return new Command('validate')
    .argument(
      '[file]',
      'TOML, YAML, JSON, a folder of such files, or a pipeline in code (default as for run)',
    )
    .option('--effective', 'print every setting with its value and where it comes from')
    .option(
      '--json',
      'print the configuration with its defaults as JSON, and "checks"; secrets show as ***',
    )
    .addHelpText(
      'after',
      '\nLooks at the spool of the data directory, too: its state, headers and footers and the free space\n' +
        '(weir spool fsck checks every byte). Damage there is a warning, as it never stops a start.\n' +
        'Reads the tables of geoip, ioc and lookup; weir run starts without one that is broken.\n\n' +
        'Exit codes: 0 valid, 2 not valid; every mistake is a line on standard error.',
    )
    .action(validate);
}

async function validate(file: string | undefined, flags: ValidateFlags): Promise<void> {
  const loaded = loadConfig({ config: file }, process.env);
  const { sinks, why } = chooseDestination(loaded.config, process.env);
  const graph = graphOf(loaded.config, sinks);
  // Loads people's own modules, and checks conditions against the fields that they declare.
  const { warnings } = await checkModules({
    nodeId: '',
    sourceOfListener: {},
    graph,
    baseUrl: loaded.baseUrl,
    pipelineModule: loaded.pipelineModule,
  }).catch((error: unknown) => {
    throw loaded.named(error);
  });
  const tables = checkedTables(graph, loaded);
  const spool = await checkSpoolOf(loaded.config.data_dir, loaded.config.spool.max_bytes);
  for (const warning of new Set([
    ...loaded.warnings,
    ...warnings,
    ...tables.warnings,
    ...spool.warnings,
  ])) {
    process.stderr.write(`weir: warning: ${warning}\n`);
  }
  process.stdout.write(`${textOf(loaded, flags, { graph, why, spool, tables })}\n`);
  if (spool.problem === null) return;
  process.stderr.write(`weir: ${spool.problem}\n`);
  process.exitCode = 2;
}

/** `weir run` starts without a table that cannot be read; whoever asks is told. */
function checkedTables(graph: GraphDocument, loaded: LoadedConfig): ReadTables {
  const tables = readTables(graph);
  if (tables.problems.length === 0) return tables;
  const named = tables.problems.map((problem) =>
    messageOf(loaded.named(new WeirError('WEIR_CONFIG_INVALID', problem))),
  );
  throw new WeirError('WEIR_CONFIG_INVALID', named.join('\n'));
}

interface Understood {
  readonly tables: ReadTables;
  readonly graph: GraphDocument;
  readonly why: string;
  readonly spool: SpoolCheck;
}

function textOf(
  loaded: LoadedConfig,
  flags: ValidateFlags,
  { graph, why, spool, tables }: Understood,
): string {
  const shown = withoutSecrets(loaded.config);
  if (flags.json) return JSON.stringify({ ...shown, checks: { spool } }, null, 2);
  if (flags.effective) return effectiveLines(loaded).join('\n');
  return [
    `${loaded.file ?? 'default configuration'}: valid`,
    ...(loaded.files.length > 1 ? [`files        ${loaded.files.join(', ')}`] : []),
    `sources      ${Object.entries(shown.sources)
      .map(([id, source]) => `${id} (${source.type} ${source.listen})`)
      .join(', ')}`,
    ...transformLines(graph),
    ...tables.lines.map((line) => `table        ${line}`),
    `sinks        ${Object.entries(graph.sinks)
      .map(([id, { type }]) => `${id} (${type})`)
      .join(', ')}`,
    `destination  ${why}`,
    `spool        ${spoolCheckLine(spool)}`,
    ...wayLines(graph),
  ].join('\n');
}

function transformLines({ transforms }: GraphDocument): string[] {
  const texts = Object.entries(transforms).map(([id, transform]) =>
    transform.type === 'route'
      ? `${id} (route to ${outputNames(transform.routes).join(', ')})`
      : `${id} (${transform.type})`,
  );
  return texts.length === 0 ? [] : [`transforms   ${texts.join(', ')}`];
}

/** How events of each source come to each sink. */
function wayLines(graph: GraphDocument): string[] {
  const lines: string[] = [];
  for (const source of [...graph.sources, FORWARDED]) {
    for (const sink of Object.keys(graph.sinks)) {
      const steps = wayOf(graph, source, sink);
      if (steps === null) continue;
      const through = steps.map(({ id, outputs }) =>
        outputs === null ? id : `${id}.${outputs.join('|')}`,
      );
      lines.push(`way          ${[source, ...through, sink].join(' -> ')}`);
    }
  }
  return lines;
}

/** `path = value`, and who said it. */
function effectiveLines(loaded: LoadedConfig): string[] {
  const rows: [setting: string, origin: string][] = [];
  const schema = ConfigSchema as unknown as JsonSchema;
  visitSettings(withoutSecrets(loaded.config), schema, ({ path, value }) => {
    const setting = `${path.slice(1).replaceAll('/', '.')} = ${JSON.stringify(value)}`;
    rows.push([setting, loaded.originOf(path)]);
  });
  const width = Math.min(60, Math.max(...rows.map(([setting]) => setting.length)));
  return rows.map(([setting, origin]) => `${setting.padEnd(width)}  # ${origin}`);
}
