// Where tests find the real API server: an admin's kubeconfig in the environment, set by test/run.ts, or by a person
// who has started one (`test/kube/main.ts start` prints it).

/** Throws when there is none: a test that needs an API server does not pass without one. */
export function testKubeconfig(): string {
  const file = process.env.MILLRACE_TEST_KUBE;
  if (!file) throw new Error('MILLRACE_TEST_KUBE is not set: start a cluster with test/kube/main.ts');
  return file;
}
