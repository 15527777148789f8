// Which of two states is the newer. Since Kubernetes 1.35 resource versions are documented as decimal numbers that only
// grow; before, they were just that.

const decimal = /^\d+$/;

/** Versions that are no numbers cannot be compared: then every other one counts as newer. */
export function isNewer(version: string, than: string): boolean {
  if (!decimal.test(version) || !decimal.test(than)) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}
