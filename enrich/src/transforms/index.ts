// The transforms of this package by their documents.
import type { Adds, LiveRow, TransformDocument } from '@weir/pipeline';
import { assign } from './assign.js';
import { geoip } from './geoip.js';
import { hash, redact } from './hide.js';
import { ioc } from './ioc.js';
import { lookup } from './lookup.js';
import { sample } from './sample.js';
import type { Tables } from './tables.js';

/** Changes the event; false: it goes no further. */
export type ShapeStep = (event: LiveRow) => boolean | undefined;

/**
 * Null for a type that this package does not have. `adds`: types of the paths that components of
 * the graph declare. Throws WEIR_CONFIG_INVALID for a condition or expression that is wrong.
 */
export function shapeStep(
  document: TransformDocument,
  tables: Tables,
  adds: Adds,
): ShapeStep | null {
  switch (document.type) {
    case 'geoip':
      return goesOn(geoip(document, tables));
    case 'ioc':
      return goesOn(ioc(document, tables));
    case 'lookup':
      return goesOn(lookup(document, tables));
    case 'redact':
      return goesOn(redact(document));
    case 'hash':
      return goesOn(hash(document));
    case 'assign':
      return goesOn(assign(document, adds));
    case 'sample':
      return sample(document, adds);
    default:
      return null;
  }
}

const goesOn =
  (run: (event: LiveRow) => void): ShapeStep =>
  (event) => {
    run(event);
    return true;
  };
