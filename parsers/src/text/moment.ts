// A point in time in any of the forms that devices use inside their events: digits since 1970, ISO
// 8601, `Mmm dd [yyyy] hh:mm:ss` with a fraction or a zone.
import type { RawBatch } from '@weir/pipeline';
import { readBsdTime } from '../syslog/bsd-time.js';
import { inferYear } from '../syslog/write.js';
import { at, isDigit } from './ascii.js';
import { epochDigitsToUs, type TimeReading, type TimeVerdict, US_PER_SECOND } from './time.js';

/**
 * Reads source[start, end), all of it, into `reading`. `none` when it has no such form. Without a
 * year the one nearest to the time of receipt is taken; reading.hasYear tells.
 */
export function readMoment(
  batch: RawBatch,
  source: Uint8Array,
  start: number,
  end: number,
  reading: TimeReading,
): TimeVerdict {
  const isDigits = isDigit(at(source, start, end)) && isDigit(at(source, start + 4, end));
  if (isDigits) {
    const us = epochDigitsToUs(source, start, end);
    if (!Number.isNaN(us)) {
      reading.reset();
      reading.us = us;
      reading.hasYear = true;
      reading.hasZone = true;
      reading.end = end;
      reading.verdict = 'valid';
      return 'valid';
    }
  }
  let verdict = readBsdTime(source, start, end, reading);
  if (verdict === 'valid' && reading.end < end) verdict = readRest(source, end, reading);
  if (verdict === 'valid' && !reading.hasYear) {
    if (!inferYear(batch, reading)) verdict = 'invalid';
    else if (!reading.hasZone) reading.assumeZone();
  }
  reading.verdict = verdict;
  return verdict;
}

/** ` UTC` and ` GMT` at the very end; another name of a zone says nothing that anyone knows. */
function readRest(source: Uint8Array, end: number, reading: TimeReading): TimeVerdict {
  let position = reading.end;
  while (position < end && source[position] === 0x20) position++;
  let letters = 0;
  for (let i = position; i < end; i++) {
    const byte = (source[i] as number) | 0x20;
    if (byte < 0x61 || byte > 0x7a) return 'none';
    letters++;
  }
  if (letters > 5 || letters === 0) return letters === 0 ? 'valid' : 'none';
  const isUtc =
    (letters === 3 && isWord(source, position, 'utc')) || isWord(source, position, 'gmt');
  if (isUtc) {
    // Any zone so far is one that was configured: what the event says goes before it.
    reading.us += reading.zoneMinutes * 60 * US_PER_SECOND;
    reading.zoneMinutes = 0;
    reading.hasZone = true;
  }
  reading.end = end;
  return 'valid';
}

function isWord(source: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++)
    if (((source[start + i] as number) | 0x20) !== word.charCodeAt(i)) return false;
  return true;
}
