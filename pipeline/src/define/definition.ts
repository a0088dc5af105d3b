// What a pipeline in code comes to: a graph, the settings of its ends, and functions by id.
import { WeirError } from '../errors.js';
import type { GraphDocument, TransformDocument } from '../plan/document.js';
import type { Component } from './components.js';
import type { SinkConfiguration, SourceConfiguration } from './options.js';

/** Top-level keys of the configuration that a pipeline in code may give: data_dir, spool, ... */
export interface PipelineSettings {
  readonly data_dir?: string;
  readonly log_level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly spool?: Readonly<Record<string, unknown>>;
  readonly workers?: { readonly count?: number } & Readonly<Record<string, unknown>>;
  readonly store?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface PipelineDefinition {
  readonly graph: GraphDocument;
  readonly sources: Readonly<Record<string, SourceConfiguration>>;
  /** Without their inputs, which stand in the graph. */
  readonly sinks: Readonly<Record<string, SinkConfiguration>>;
  /** Functions by id of the transform. */
  readonly components: ReadonlyMap<string, Component>;
  readonly settings: PipelineSettings;
}

/** Objects made by `pipeline()` answer to it, whichever copy of this package made them. */
export const DEFINITION = Symbol.for('weir.pipeline.definition');

/**
 * The definition behind the default export of a pipeline module. Throws WEIR_CONFIG_INVALID when it
 * was not made by `pipeline()`.
 */
export function definitionOf(exported: unknown, moduleName: string): PipelineDefinition {
  const read =
    typeof exported === 'object' && exported !== null
      ? (exported as Readonly<Record<symbol, unknown>>)[DEFINITION]
      : undefined;
  if (typeof read !== 'function')
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `${moduleName}: the default export is not made by pipeline()`,
    );
  return read.call(exported) as PipelineDefinition;
}

/**
 * The definition as a configuration document: settings, sources, transforms and sinks with their
 * inputs, for the schema that checks configuration files. Functions stand in it as `#pipeline`.
 */
export function documentOf(definition: PipelineDefinition): Record<string, unknown> {
  const { graph, sources, sinks, settings } = definition;
  const withInputs: Record<string, unknown> = {};
  for (const [id, sink] of Object.entries(sinks))
    withInputs[id] = { ...sink, inputs: [...(graph.sinks[id]?.inputs ?? [])] };
  const transforms: Record<string, TransformDocument> = { ...graph.transforms };
  return {
    ...settings,
    sources: { ...sources },
    ...(Object.keys(transforms).length > 0 ? { transforms } : {}),
    ...(Object.keys(withInputs).length > 0 ? { sinks: withInputs } : {}),
  };
}
