// Options of the transforms that look up, hide and sample: the keys of the configuration file, as
// typed objects. What is left out has the default of the configuration.
import type { Adds } from '../event/types.js';
import type { IOC_ADDS } from '../plan/adds.js';
import type {
  GeoipDocument,
  HashDocument,
  IocDocument,
  LookupDocument,
  RedactDocument,
  SampleDocument,
} from '../plan/document.js';

type Graph = 'type' | 'inputs';
export type GeoipOptions = Pick<GeoipDocument, 'path'> & Partial<Omit<GeoipDocument, Graph>>;
export type IocOptions = Pick<IocDocument, 'path'> & Partial<Omit<IocDocument, Graph>>;
export type LookupOptions = Omit<LookupDocument, Graph>;
export type RedactOptions = Omit<RedactDocument, Graph>;
/** `key` may be `file:PATH` or `env:NAME`. */
export type HashOptions = Omit<HashDocument, Graph>;
export type SampleOptions = Omit<SampleDocument, Graph>;

export type IocAdds = typeof IOC_ADDS;
/** What a lookup adds: text, unless `types` says otherwise. */
export type LookupAdds<Options extends LookupOptions> = {
  readonly [Path in keyof Options['set']]: Options['types'] extends Adds
    ? Path extends keyof Options['types']
      ? Options['types'][Path]
      : 'string'
    : 'string';
};
