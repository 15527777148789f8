// Values of the chain as people read them. Wei stay exact: they are decimal text, worked on as BigInt.

import { formatCount } from '../../status/figures.ts';
import type { ResultType, ResultValue } from '../../stores/results/port.ts';

/** Wei as ETH, cut (not rounded) after `digits`; what is smaller than that shows as `<0.00001`. */
export function formatEther(wei: string, digits = 18): string {
  return decimalUnits(wei, 18, digits);
}

export function formatGwei(wei: string, digits = 9): string {
  return decimalUnits(wei, 9, digits);
}

/** A cell of a result table. Numbers of any size keep every digit. */
export function formatCell(value: ResultValue, type: ResultType): string {
  if (value === null) return '–';
  if (type === 'timestamp')
    return String(value)
      .replace('T', ' ')
      .replace(/(\.\d+)?Z?$/, '');
  if (type === 'double') return formatDouble(Number(value));
  if (type === 'integer' || type === 'decimal') return formatCount(String(value));
  return String(value);
}

/** For plotting only: the nearest double, null where there is no number. */
export function approximate(value: ResultValue | undefined): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** `1.2M`, for axes. Beyond trillions the power of ten says more. */
export function formatCompact(value: number): string {
  if (Math.abs(value) >= 1e15) return value.toExponential(1).replace('e+', 'e');
  return compact.format(value);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });

function formatDouble(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-4)) return value.toExponential(4);
  return formatCount(String(Number(value.toFixed(Math.abs(value) >= 100 ? 2 : 4))));
}

function decimalUnits(amount: string, decimals: number, digits: number): string {
  const value = BigInt(amount);
  const sign = value < 0n ? '-' : '';
  const text = String(value < 0n ? -value : value).padStart(decimals + 1, '0');
  const whole = text.slice(0, -decimals);
  const fraction = text.slice(-decimals).slice(0, digits).replace(/0+$/, '');
  if (value !== 0n && whole === '0' && fraction === '') return `<${sign}0.${'0'.repeat(digits - 1)}1`;
  return `${sign}${formatCount(whole)}${fraction === '' ? '' : `.${fraction}`}`;
}
