// Findings as people read them.
import type { Finding, FsckReport } from '@weir/spool';
import { bytes } from '../numbers.js';
import { plural, rangesText } from './text.js';

/** One paragraph: where, what, which numbers, what happens, what to do. */
export function findingLines(finding: Finding): string[] {
  const { file, offset, length, what, numbers, atStart, remedy } = finding;
  const at = offset === null ? '' : `, bytes ${offset} to ${offset + (length ?? 0) - 1}`;
  return [
    `${file}${at}: ${what}`,
    ...numbers
      .filter(({ ranges }) => ranges.length > 0)
      .map(
        ({ tenant, stream, epoch, ranges }) =>
          `  numbers   ${rangesText(ranges)} of ${tenant} ${stream} epoch ${epoch}`,
      ),
    `  a start   ${atStart}`,
    `  you       ${remedy}`,
  ];
}

/** What was read and how fast, and the verdict. */
export function verdictLines(report: FsckReport, seconds: number): string[] {
  const { segmentCount, frameCount, eventCount, bytesRead, leafCount, findings, notes } = report;
  const rate = seconds > 0 ? `, ${(bytesRead / 1e6 / seconds).toFixed(0)} MB/s` : '';
  const read = [
    plural(segmentCount, 'segment'),
    plural(frameCount, 'frame'),
    plural(eventCount, 'event'),
    `${bytes(bytesRead)} read in ${seconds.toFixed(1)} s${rate}`,
    ...(leafCount > 0 ? [`${plural(leafCount, 'frame')} as hashed into the signed tree`] : []),
  ].join(', ');
  const noted = notes.length === 0 ? '' : ` (${plural(notes.length, 'note')})`;
  const verdict =
    findings.length === 0
      ? `clean: ${notes.length === 0 ? 'every byte checks' : 'every byte that is still needed checks'}${noted}`
      : `NOT clean: ${plural(findings.length, 'finding')}${noted}`;
  return [read, verdict];
}
