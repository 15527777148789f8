// Flag values that more than one command takes.

import { InvalidArgumentError } from 'commander';

export function portFlag(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}

/** A whole number of at least one. */
export function countFlag(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('give a whole number from 1 up');
  }
  return value;
}
