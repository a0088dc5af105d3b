// A pack for programs that write sentences: chosen by the program's name, read by templates.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { TextEvents } from '../common/text-events.js';
import { TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import { startsWith } from '../text/ascii.js';
import { writeClass } from '../text/values.js';
import { textEnd, textStart } from './text.js';

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly string[];
  /** metadata.product.name. */
  readonly product: string;
  readonly vendor?: string;
  readonly events: TextEvents;
}

const typed = new TypedWriter();
const BASE_EVENT = 0;

export function programPack(program: Program): Pack {
  return {
    name: program.name,
    version: '1',
    summary: program.summary,
    tags: program.tags,
    // Sentences are known by who says them.
    detect: () => false,
    parse: (batch, row, start, end, out) => parse(program, batch, row, start, end, out),
    rule: () => program.events.lastPattern,
  };
}

function parse(
  program: Program,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const first = textStart(bytes, start, end);
  const last = textEnd(bytes, first, end);
  if (first === last) return 'no';
  typed.begin(batch, row, out);
  const isKnown = program.events.write(typed, first, last);
  // What a module of PAM says in the program's name is for the pack of PAM.
  if (!isKnown && startsWith(bytes, first, last, 'pam_')) return 'no';
  out.code(row, FIELD.metadata_product_name, program.product);
  if (program.vendor !== undefined)
    out.code(row, FIELD.metadata_product_vendor_name, program.vendor);
  out.span(row, FIELD.message, first, last);
  if (!isKnown) writeClass(row, BASE_EVENT, 0, out);
  return 'parsed';
}
