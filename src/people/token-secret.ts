// The secret of a token: shown once to whoever makes it, known to the store by its hash alone. It is random and long, so
// one SHA-256 is enough: there is no dictionary to try.

import { createHash, randomBytes } from 'node:crypto';

/** Secret scanners find it by its beginning. */
const prefix = 'millrace_';

export function newSecret(): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

/** Could it be one at all? What is not need not be looked up. */
export function isSecret(text: string): boolean {
  return /^millrace_[\w-]{43}$/.test(text);
}

/** 64 hex digits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
