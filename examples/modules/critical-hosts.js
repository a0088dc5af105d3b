// An enricher of one's own: marks events about hosts that matter. `create` runs once in each
// worker, with the options of the configuration.
import { defineEnricher } from '@weir/pipeline';

export default defineEnricher({
  name: 'critical_hosts',
  adds: { 'labels.critical': 'boolean', 'labels.owner': 'string' },
  /** @param {{ readonly hosts?: Readonly<Record<string, string>> }} options Owners by address. */
  create: ({ hosts = {} }) => new Map(Object.entries(hosts)),
  enrich(event, owners) {
    const address = event.get('dst_endpoint.ip') ?? event.get('src_endpoint.ip');
    const owner = address === undefined ? undefined : owners.get(address);
    event.set('labels.critical', owner !== undefined);
    if (owner !== undefined) event.set('labels.owner', owner);
  },
});
