// A pipeline in code as configuration: `--config pipeline.js`. The module is loaded here for its
// graph; workers load it again for its functions.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { definitionOf, documentOf, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { guardExit } from '../modules/loading.js';

export const isPipelineModule = (path: string): boolean => /\.(js|mjs|cjs)$/.test(path);

export interface ReadModule {
  readonly document: Record<string, unknown>;
  readonly moduleUrl: string;
}

/** Throws WEIR_CONFIG_UNREADABLE, or WEIR_CONFIG_INVALID when its default export is no pipeline. */
export function readPipelineModule(path: string): ReadModule {
  const file = resolve(path);
  let exported: unknown;
  const stopGuard = guardExit(path);
  try {
    exported = createRequire(import.meta.url)(file);
  } catch (error) {
    const sentence =
      systemCodeOf(error) === 'ERR_REQUIRE_ASYNC_MODULE'
        ? 'a pipeline module must not await at its top level'
        : messageOf(error).split('\n', 1)[0];
    throw new WeirError('WEIR_CONFIG_UNREADABLE', `${path}: ${sentence}`, {}, error);
  } finally {
    stopGuard();
  }
  const withDefault = exported as { readonly default?: unknown } | null | undefined;
  const definition = definitionOf(withDefault?.default ?? exported, path);
  return { document: documentOf(definition), moduleUrl: pathToFileURL(file).href };
}
