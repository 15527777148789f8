// CSV as RFC 4180 has it: commas, CRLF, quotes doubled. Null is the empty field, empty text is quoted.

import type { ResultValue } from '../../stores/results/port.ts';

export function csvLine(values: readonly ResultValue[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

function field(value: ResultValue): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
