// Enrichment and shaping with the files of tables/, the same as in enriched.toml. Run it with:
// weir run --config examples/enriched.js
import { file, pipeline, syslog } from '@weir/pipeline';

export default pipeline({ data_dir: './var' })
  .source('edge', syslog({ listen: '127.0.0.1:5514' }))
  .ioc('indicators', { path: './tables/indicators.ndjson' })
  .lookup('assets', {
    path: './tables/assets.csv',
    field: 'src_endpoint.ip',
    key_column: 'network',
    match: 'cidr',
    set: { 'labels.owner': 'owner', 'src_endpoint.zone': 'zone', 'labels.risk': 'risk' },
    types: { 'labels.risk': 'number' },
  })
  .assign('direction', {
    'labels.is_outbound':
      'has(labels.owner) && !cidr(dst_endpoint.ip, ["10.0.0.0/8", "192.0.2.0/24"])',
  })
  .hash('users', {
    fields: ['actor.user.name', 'user.name'],
    key: 'replace-me-or-take-file:PATH',
  })
  .route('by', {
    alerts: (event) =>
      event.get('osint.confidence') === 'high' ||
      (event.has('osint.value') && (event.get('labels.risk') ?? 0) >= 3),
    outbound: 'labels.is_outbound',
  })
  .to('alerts')
  .sink('alerts', file({ path: './var/alerts.ndjson' }))
  .to('outbound')
  .sink('outbound', file({ path: './var/outbound.ndjson' }))
  .to('otherwise')
  .sample('quiet', { keep_one_in: 10 })
  .sink('rest', file({ path: './var/rest.ndjson' }));
