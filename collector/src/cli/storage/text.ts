// How the commands below `weir storage` say things.
import type { Retention } from '@weir/sinks/clickhouse';

/** `90 d, short 7 d`. */
export function retentionText(retention: Retention | null): string {
  if (retention === null) return '-';
  const classes = Object.entries(retention.classes).map(([name, days]) => `, ${name} ${days} d`);
  return `${retention.days} d${classes.join('')}`;
}

/** `5.3`, how many bytes stand for one on the disk; `-` for nothing there. */
export const ratioText = (uncompressed: number, compressed: number): string =>
  compressed === 0 ? '-' : (uncompressed / compressed).toFixed(1);
