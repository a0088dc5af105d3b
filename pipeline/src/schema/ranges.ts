// Which numbers a column can hold.
import { FIELDS, type FieldType } from './fields.js';

const MAX_OF: Readonly<Partial<Record<FieldType, number>>> = {
  UInt8: 0xff,
  UInt32: 0xffff_ffff,
  'Nullable(UInt8)': 0xff,
  'Nullable(UInt16)': 0xffff,
  'Nullable(UInt32)': 0xffff_ffff,
  'Nullable(UInt64)': Number.MAX_SAFE_INTEGER,
};

/** Largest number by FieldId; 0 for fields that are no numbers or, like `time`, may be any. */
const maxOfField = FIELDS.map(({ type }) => MAX_OF[type] ?? 0);

/** What a number field takes, as `whole number 0 to 65535`; null when the value is fine. */
export function numberProblem(field: number, value: number): string | null {
  const max = maxOfField[field] ?? 0;
  if (max === 0) return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? null : 'finite number';
  return Number.isInteger(value) && value >= 0 && value <= max ? null : `whole number 0 to ${max}`;
}
