// Every component that a configuration can name.
import { sinks } from './sinks.js';
import { sources } from './sources.js';
import type { ComponentSpec } from './spec.js';
import { transforms } from './transforms.js';

export type { ComponentSpec } from './spec.js';

export const components: readonly ComponentSpec[] = [...sources, ...transforms, ...sinks];

/** Section of the configuration by kind. */
export const SECTION_OF = { source: 'sources', transform: 'transforms', sink: 'sinks' } as const;
