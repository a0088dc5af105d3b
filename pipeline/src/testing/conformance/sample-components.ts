// Components as people write them, for the tests of this folder.
import { defineEnricher, defineParser } from '../../define/index.js';

export const doorParser = defineParser({
  name: 'door',
  version: '1',
  adds: { 'door.name': 'string' },
  create: ({ kinds = [] }: { kinds?: string[] }) => new Set(kinds),
  parse(event, kinds) {
    const [kind = '', door, result] = event.text().split('|');
    if (!kinds.has(kind)) return false;
    if (door === undefined || result === undefined) event.reject('missing_field');
    else {
      event.set('door.name', door);
      event.set('severity_id', result === 'granted' ? 1 : 3);
    }
    return true;
  },
});

export const siteEnricher = defineEnricher({
  name: 'site',
  adds: { 'labels.site': 'string' },
  create: ({ sites = {} }: { sites?: Record<string, string> }) => Object.entries(sites),
  enrich(event, sites) {
    const address = event.get('src_endpoint.ip') ?? '';
    const site = sites.find(([start]) => address.startsWith(start));
    if (site !== undefined) event.set('labels.site', site[1]);
  },
});
