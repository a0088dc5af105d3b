// Logs of our own invented services: one JSON object per event, in the manner of pino and zap.
import { SERVERS, SERVICES, USERS, writeInside, writeSize } from '../pools.js';
import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';
import type { Drawn, Kind } from './kind.js';

const ROUTES = ['/v1/orders', '/v1/invoices', '/v1/items', '/v1/session', '/v1/search'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64)', 'okhttp/4.12.0', 'curl/8.5.0', 'python/3.12'];
const LEVELS = ['info', 'info', 'info', 'warn', 'error'];

function writeBody(t: TemplateWriter, draw: Draw, host: string, service: string): void {
  const level = draw.pick(LEVELS);
  const status = level === 'error' ? 500 : level === 'warn' ? 404 : 200;
  t.text('{"time":"').clock('iso').text(`","level":"${level}","service":"${service}"`);
  t.text(`,"host":"${host}","trace_id":"`).hex(32).text('","request":{"method":"');
  t.text(`${draw.skewed(METHODS)}","path":"${draw.skewed(ROUTES)}/`).number(7);
  t.text(`","status":${status},"bytes":`);
  writeSize(t, draw, 6);
  t.text(`,"duration_ms":${draw.below(900)}.`)
    .digits(3)
    .text(',"remote_addr":"');
  writeInside(t, draw);
  t.text(`","user_agent":"${draw.skewed(AGENTS)}"},"user":{"name":"${draw.skewed(USERS)}"`);
  t.text(',"id":').number(5).text('},"msg":"request done ').mark().text('"}');
}

export const app: Kind = {
  name: 'app',
  draw(draw): Drawn {
    const host = draw.skewed(SERVERS);
    const service = draw.skewed(SERVICES);
    return {
      pri: 16 * 8 + 6,
      host,
      app: service,
      hasPid: true,
      legacy: 'bsd',
      isJson: true,
      body: (t) => writeBody(t, draw, host, service),
    };
  },
};
