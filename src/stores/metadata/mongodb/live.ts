// The condition that a document has not expired. The server's own removal (the TTL index) comes up to a minute late, and
// some servers never remove: no reader waits for it.

export function live(now: number) {
  return { $or: [{ expiresAt: null }, { expiresAt: { $gt: new Date(now) } }] };
}

/** `expiresAt` as the port has it: absent for ever. */
export function expiresAtOf({ expiresAt }: { readonly expiresAt?: Date | null }): { expiresAt?: number } {
  return expiresAt ? { expiresAt: expiresAt.getTime() } : {};
}
