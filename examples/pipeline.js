// The pipeline of pipeline.toml, in code. Run it with: weir run --config examples/pipeline.js
import { file, http, pipeline, syslog } from '@weir/pipeline';
import criticalHosts from './modules/critical-hosts.js';
import doorLog from './modules/door-log.js';
import noHeartbeats from './modules/no-heartbeats.js';

const flow = pipeline({ data_dir: './var' })
  .source('edge', syslog({ listen: '127.0.0.1:5514' }))
  .source('api', http({ listen: '127.0.0.1:8514' }))
  .parse('doors', doorLog)
  .set('site', { 'labels.site': 'berlin' })
  .enrich('critical', criticalHosts, { hosts: { '192.0.2.10': 'payments', '192.0.2.20': 'web' } })
  .filter('heartbeats', noHeartbeats)
  .filter('noise', 'severity_id >= 1');

// From here on the types know labels.critical as a boolean: the enricher says so.
flow
  .route('by', {
    alerts: (event) => event.get('labels.critical') === true && (event.get('severity_id') ?? 0) > 2,
    web: 'dst_endpoint.port in [80, 443]',
  })
  .to('alerts')
  .sink('pager', http({ url: 'http://127.0.0.1:9009/alerts', required: false }))
  .to('web', 'otherwise')
  .sink('archive', file({ path: './var/archive.ndjson', max_file_bytes: 104_857_600 }));

export default flow;
