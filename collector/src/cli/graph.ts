// `weir graph`: the components and what flows between them, of a running instance or of a
// configuration.
import { messageOf, WeirError } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { Command, Option } from 'commander';
import { chooseDestination } from '../config/destination.js';
import { graphOf } from '../config/graph.js';
import { loadConfig } from '../config/load.js';
import type { StatusReport } from '../run/control/index.js';
import { type GraphView, viewOfGraph } from '../run/graph-view.js';
import { addDataOption, type ControlClient, type DataFlag, findControl } from './control-client.js';
import { withChoices } from './did-you-mean.js';
import { GRAPH_FORMATS, type GraphFormat, type RatedGraph, unrated } from './graph-text.js';
import { type ComponentView, type TopView, viewOfStatus } from './top-view.js';

/** Rates are of this long. */
const LOOK_MS = 1_000;

interface GraphFlags extends DataFlag {
  readonly format: GraphFormat;
  readonly config?: string;
}

export function graphCommand(): Command {
  const format = new Option('--format <name>', 'text, mermaid, dot or json');
  const command = new Command('graph')
    .addOption(withChoices(format, Object.keys(GRAPH_FORMATS)).default('text'))
    .option('--config <file>', 'show this configuration instead of a running instance')
    .addHelpText(
      'after',
      '\nPictures: weir graph --format dot | dot -Tsvg > graph.svg; Mermaid is drawn by many viewers' +
        '\nof Markdown.',
    );
  return addDataOption(command).action(graph);
}

async function graph(flags: GraphFlags): Promise<void> {
  const shown =
    flags.config === undefined ? await graphOfInstance(flags) : graphOfConfig(flags.config);
  process.stdout.write(`${GRAPH_FORMATS[flags.format](shown)}\n`);
}

function graphOfConfig(path: string): RatedGraph {
  const { config } = loadConfig({ config: path }, process.env);
  const { sinks } = chooseDestination(config, process.env);
  const types = Object.entries(config.sources).map(([id, { type }]) => [id, type]);
  return unrated(viewOfGraph(graphOf(config, sinks), { sourceTypes: Object.fromEntries(types) }));
}

async function graphOfInstance(flags: GraphFlags): Promise<RatedGraph> {
  const client = findInstance(flags);
  const [view, before] = await Promise.all([client.graph(), client.status()]);
  await nodeTimers.sleep(LOOK_MS);
  return withRates(view, before, await client.status());
}

function findInstance(flags: GraphFlags): ControlClient {
  try {
    return findControl(flags);
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'WEIR_NOT_RUNNING') throw error;
    const hint = 'weir graph --config FILE shows a configuration without running it';
    throw new WeirError('WEIR_NOT_RUNNING', `${messageOf(error)}; ${hint}`);
  }
}

/**
 * What leaves a component passes each of its edges; of a route it is known only where its output
 * leads to a component that nothing else leads to.
 */
export function withRates(view: GraphView, before: StatusReport, now: StatusReport): RatedGraph {
  const top = viewOfStatus(before, now);
  return {
    nodes: view.nodes,
    edges: view.edges.map((edge) => {
      const isOnlyWay = view.edges.filter(({ to }) => to === edge.to).length === 1;
      const leaving = edge.output === undefined ? leavingPerSecond(view, top, edge.from) : null;
      const coming = isOnlyWay ? comingPerSecond(top, edge.to) : null;
      return { ...edge, eventsPerSecond: leaving ?? coming };
    }),
  };
}

function leavingPerSecond(view: GraphView, top: TopView, id: string): number | null {
  const node = view.nodes.find((each) => each.id === id);
  if (node?.kind !== 'source') {
    return top.components.find((each) => each.id === id)?.sentPerSecond ?? null;
  }
  const listeners = top.components.filter((each) => isListenerOf(view, each, id));
  if (listeners.length === 0) return null;
  return listeners.reduce((sum, { receivedPerSecond }) => sum + receivedPerSecond, 0);
}

/** A source has a listener under its name, or one for each protocol. */
function isListenerOf(view: GraphView, component: ComponentView, source: string): boolean {
  if (component.kind !== 'source') return false;
  if (component.id === source) return true;
  const isSource = view.nodes.some(({ id }) => id === component.id);
  return (
    !isSource &&
    /^_(udp|tcp|tls)$/.test(component.id.slice(source.length)) &&
    component.id.startsWith(source)
  );
}

const comingPerSecond = (top: TopView, id: string): number | null =>
  top.components.find((each) => each.id === id && each.kind !== 'source')?.receivedPerSecond ??
  null;
