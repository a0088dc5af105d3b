// `weir test`: cases of users against packs, or against a whole configuration.
import { spawn } from 'node:child_process';
import { watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { Command } from 'commander';
import { chooseDestination } from '../config/destination.js';
import { graphOf } from '../config/graph.js';
import { loadConfig } from '../config/load.js';
import {
  type CasePipeline,
  type CaseResult,
  CaseRunner,
  checkCase,
  findCases,
  junitOf,
  packPipeline,
  type TestCase,
  textOf,
} from '../test-cases/index.js';

const WATCH_QUIET_MS = 150;

interface TestOptions {
  readonly config?: string;
  readonly update?: true;
  readonly watch?: true;
  readonly json?: true;
  readonly junit?: string;
}

export function testCommand(): Command {
  return new Command('test')
    .argument('[paths...]', 'folders with cases, at any depth', ['.'])
    .option('--config <file>', 'the pipeline to test; without it the packs alone')
    .option('--update', 'write what comes out as what is expected; read the difference')
    .option('--watch', 'run again whenever a file changes')
    .option('--json', 'print the results as one JSON object')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText(
      'after',
      '\nA case is a folder with input.raw (one event a line), expected.jsonl (one line for each event:' +
        '\nthe event, {"error": ...} for quarantine, {"filtered": COMPONENT}) and, where needed,' +
        '\nconfig.json: {"format": "syslog"|"json", "pack", "receivedAt", "source", "sink"}.' +
        '\nWith several sinks and none named, each has its own expected.SINK.jsonl.' +
        '\nExit codes: 0 all passed, 1 a case failed, 2 wrong usage or configuration.',
    )
    .action(async (paths: string[], options: TestOptions) => {
      if (options.watch) return watchAndRun(paths, options);
      const results = await runCases(findCases(paths), options);
      if (options.junit !== undefined) writeFileSync(options.junit, junitOf(results));
      const text = options.json ? JSON.stringify({ results }, null, 2) : textOf(results);
      process.stdout.write(`${text}\n`);
      if (results.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1;
    });
}

async function runCases(
  cases: readonly TestCase[],
  { config, update, json }: TestOptions,
): Promise<CaseResult[]> {
  const configured = config === undefined ? null : pipelineOf(config);
  const runners = new Map<string, Promise<CaseRunner>>();
  const runnerOf = (pack: string): Promise<CaseRunner> => {
    const key = configured === null ? pack : '';
    const runner = runners.get(key) ?? CaseRunner.create(configured ?? packPipeline(pack));
    runners.set(key, runner);
    return runner;
  };
  const isColored =
    json !== true && process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const results: CaseResult[] = [];
  for (const testCase of cases) {
    const runner = await runnerOf(testCase.settings.pack);
    const startedMs = nodeClock.monotonicMs();
    const outputs = runner.run(testCase);
    const durationMs = nodeClock.monotonicMs() - startedMs;
    results.push(
      checkCase(testCase, outputs, { isUpdate: update ?? false, isColored, durationMs }),
    );
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

/** Each run is a process of its own: a module that was loaded cannot be loaded again. */
function watchAndRun(paths: readonly string[], options: TestOptions): Promise<never> {
  const args = process.argv.slice(1).filter((argument) => argument !== '--watch');
  let isRunning = false;
  let isStale = false;
  const run = (): void => {
    isStale = isRunning;
    if (isRunning) return;
    isRunning = true;
    const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
    child.once('exit', () => {
      isRunning = false;
      process.stdout.write('waiting for changes; Ctrl-C ends\n');
      if (isStale) run();
    });
  };
  let timer: NodeJS.Timeout | undefined;
  const onChange = (_event: string, name: string | null): void => {
    // What --update writes is no reason to run again.
    if (name?.includes('expected') === true && options.update) return;
    clearTimeout(timer);
    timer = setTimeout(run, WATCH_QUIET_MS);
  };
  const folders = options.config === undefined ? paths : [...paths, dirname(options.config)];
  for (const folder of new Set(folders)) {
    try {
      watch(folder, { recursive: true }, onChange);
    } catch {
      throw new WeirError('WEIR_USAGE', `cannot watch ${folder}`);
    }
  }
  run();
  return new Promise(() => {});
}
