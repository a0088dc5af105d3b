// `weir test`: cases of users against packs, or against a whole configuration.
import { writeFileSync } from 'node:fs';
import { WeirError } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { Command, Option } from 'commander';
import { chooseDestination } from '../../config/destination.js';
import { graphOf } from '../../config/graph.js';
import { loadConfig } from '../../config/load.js';
import {
  type CasePipeline,
  type CaseResult,
  CaseRunner,
  checkCase,
  findCases,
  jsonOf,
  junitOf,
  packPipeline,
  type TestCase,
  textOf,
} from '../../test-cases/index.js';
import { isColoured } from '../colour.js';
import { checkOutFile } from '../out-file.js';

const REPORTS = { junit: junitOf, json: jsonOf } as const;
type ReportKind = keyof typeof REPORTS;

interface TestOptions {
  readonly config?: string;
  readonly update?: true;
  readonly watch?: true;
  readonly json?: true;
  readonly junit?: string;
  readonly report?: ReportKind;
  readonly out?: string;
}

/** What goes where: files by kind of report, and what standard output gets. */
interface Outputs {
  readonly files: readonly (readonly [ReportKind, string])[];
  readonly standard: ReportKind | 'text';
}

/** Standard output, or what stands for it. */
export interface TextOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function testCommand(output: TextOutput = process.stdout): Command {
  return new Command('test')
    .argument('[paths...]', 'folders with cases, at any depth', ['.'])
    .option('--config <file>', 'the pipeline to test; default the nearest weir.toml, see below')
    .option('--update', 'write what comes out as what is expected; read the difference')
    .option('--watch', 'run again whenever a file is saved; Ctrl-C ends')
    .addOption(
      new Option('--report <kind>', 'results as JUnit XML or as one JSON object').choices(
        Object.keys(REPORTS),
      ),
    )
    .option('--out <file>', 'write the report to a file; without it standard output gets it')
    .option('--json', 'the same as --report json')
    .option('--junit <file>', 'the same as --report junit --out FILE')
    .addHelpText(
      'after',
      '\nA case is a folder with input.raw (one event a line), expected.jsonl (one line for each event:' +
        '\nthe event, {"error": ...} for quarantine, {"filtered": COMPONENT}) and, where needed,' +
        '\nconfig.json: {"format": "syslog"|"json", "receivedAt", "source", "sink", "config", "pack"}.' +
        '\nWith several sinks and none named, each has its own expected.SINK.jsonl.' +
        '\nA case goes through the configuration that it names as "config", else through the weir.toml,' +
        '\n.yaml, .json or weir.d in its folder or the nearest above it, up to the working directory;' +
        '\nwhere there is none, or with "pack", through the packs alone.' +
        '\nExit codes: 0 all passed, 1 a case failed, 2 wrong usage or configuration, or no case.',
    )
    .action(async (paths: string[], options: TestOptions) => {
      const outputs = outputsOf(options);
      if (options.watch) {
        const { watchAndRun } = await import('./watch.js');
        return watchAndRun({
          paths,
          config: options.config,
          isUpdate: options.update ?? false,
          written: outputs.files.map(([, file]) => file),
        });
      }
      const results = await runCases(findCases(paths, options.config), options.update ?? false);
      for (const [kind, file] of outputs.files) writeFileSync(file, `${REPORTS[kind](results)}\n`);
      const { standard } = outputs;
      const text =
        standard === 'text' ? textOf(results, isColoured(output)) : REPORTS[standard](results);
      output.write(`${text}\n`);
      if (results.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1;
    });
}

/** Throws WEIR_USAGE for options that contradict each other, and for a file that cannot be. */
function outputsOf({ report, out, json, junit }: TestOptions): Outputs {
  const files: (readonly [ReportKind, string])[] = [];
  if (out !== undefined) {
    if (report === undefined)
      throw new WeirError('WEIR_USAGE', '--out needs --report: what is to be written?');
    files.push([report, out]);
  }
  if (junit !== undefined) files.push(['junit', junit]);
  for (const [, file] of files) checkOutFile(file);
  const asked = new Set<ReportKind>();
  if (report !== undefined && out === undefined) asked.add(report);
  if (json) asked.add('json');
  if (asked.size > 1)
    throw new WeirError(
      'WEIR_USAGE',
      '--json and --report junit both want standard output; use --out',
    );
  const [standard = 'text'] = asked;
  return { files, standard };
}

async function runCases(cases: readonly TestCase[], isUpdate: boolean): Promise<CaseResult[]> {
  const runners = new Map<string, Promise<CaseRunner>>();
  const runnerOf = ({ config, settings }: TestCase): Promise<CaseRunner> => {
    const pack = settings.pack ?? 'auto';
    const key = config === null ? `pack ${pack}` : `config ${config}`;
    const runner =
      runners.get(key) ??
      CaseRunner.create(config === null ? packPipeline(pack) : pipelineOf(config));
    runners.set(key, runner);
    return runner;
  };
  const results: CaseResult[] = [];
  for (const testCase of cases) {
    const runner = await runnerOf(testCase);
    const startedMs = nodeClock.monotonicMs();
    const outputs = runner.run(testCase);
    const durationMs = nodeClock.monotonicMs() - startedMs;
    results.push(checkCase(testCase, outputs, { isUpdate, durationMs }));
  }
  return results;
}

function pipelineOf(file: string): CasePipeline {
  const { config, baseUrl, pipelineModule } = loadConfig({ config: file }, process.env);
  const { sinks } = chooseDestination(config, process.env);
  const sourceTypes = Object.entries(config.sources).map(([id, { type }]) => [id, type] as const);
  return {
    graph: graphOf(config, sinks),
    sourceTypes: Object.fromEntries(sourceTypes),
    baseUrl,
    pipelineModule,
  };
}
