// Puts a drawn event on the wire: RFC 3164, RFC 5424, or one JSON object for HTTP.
import type { Drawn, Kind } from './kinds/kind.js';
import type { Draw } from './random.js';
import { type Template, TemplateWriter } from './template.js';

/** `json` is one NDJSON item: events that are JSON stay as they are, others become `message`. */
export type Envelope = '3164' | '5424' | 'json';

export function renderTemplate(
  kind: Kind,
  envelope: Envelope,
  runId: string,
  draw: Draw,
): Template {
  const t = new TemplateWriter(runId);
  const drawn = kind.draw(draw);
  if (envelope === '3164') writeLegacyHeader(t, drawn, draw);
  else if (envelope === '5424') writeHeader(t, drawn, draw);
  if (envelope === 'json' && !drawn.isJson) writeJson(t, drawn);
  else drawn.body(t);
  return t.finish();
}

/** RFC 3164 4.1, and what devices make of it. */
function writeLegacyHeader(t: TemplateWriter, drawn: Drawn, draw: Draw): void {
  t.text(`<${drawn.pri}>`);
  if (drawn.legacy === 'bare') return;
  t.clock(drawn.legacy === 'asa' ? 'asa' : 'bsd').text(` ${drawn.host} `);
  if (drawn.legacy === 'asa') t.text(': ');
  if (drawn.legacy !== 'bsd') return;
  t.text(drawn.app);
  if (drawn.hasPid) t.text('[').number(draw.between(3, 6)).text(']');
  t.text(': ');
}

/** RFC 5424 6: version 1, no structured data. */
function writeHeader(t: TemplateWriter, drawn: Drawn, draw: Draw): void {
  t.text(`<${drawn.pri}>1 `).clock('iso').text(` ${drawn.host} ${drawn.app} `);
  if (drawn.hasPid) t.number(draw.between(3, 6));
  else t.text('-');
  t.text(' - - ');
}

function writeJson(t: TemplateWriter, drawn: Drawn): void {
  t.text('{"time":"').clock('iso').text(`","host":"${drawn.host}","app":"${drawn.app}"`);
  t.text(',"message":"')
    .quoted(() => drawn.body(t))
    .text('"}');
}
