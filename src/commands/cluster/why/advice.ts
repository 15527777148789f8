// What to do about what Kubernetes says.

const pull = 'check spec.version, that the image exists, and that the nodes may pull it';

const waiting: Readonly<Record<string, string>> = {
  ImagePullBackOff: pull,
  ErrImagePull: pull,
  ErrImageNeverPull: pull,
  InvalidImageName: pull,
  RegistryUnavailable: 'check that the nodes reach the registry; it is tried again',
  CrashLoopBackOff: 'read its last words below; it is tried again with growing pauses',
  CreateContainerConfigError: 'create the Secret, ConfigMap or key that it names; it is tried again',
  CreateContainerError: 'read the message: the node could not make the container',
  ContainerCreating: 'wait; its events say what it waits for, if it takes long',
};

export const adviceOfWaiting = (reason: string, image: string): string =>
  (waiting[reason] ?? 'read the message').replace('the image exists', `${image} exists`);

/** Exit codes of Millrace's commands (docs/errors.md), and what ends a process from outside. */
export function adviceOfExit(ended: { readonly reason?: string; readonly exitCode?: number }): string {
  if (ended.reason === 'OOMKilled') return 'it needs more memory than its limit';
  switch (ended.exitCode) {
    case 2:
      return 'it refuses its input: mend the Pipeline or its Secrets as its last words say';
    case 3:
      return 'something around it fails: a store, a node, the disk; its last words name it';
    case 4:
      return 'the data contradict each other: docs/errors.md says what to do about the code in its last words';
    case 137:
      return 'it was killed: it took too much memory, or did not end in time';
    default:
      return 'read its last words';
  }
}

/** Of a workload that could not make pods. */
export function adviceOfFailedCreate(message: string): string {
  if (message.includes('exceeded quota')) return 'raise the ResourceQuota, or lower replicas in the Pipeline';
  if (message.includes('violates PodSecurity'))
    return 'somebody changed the pod, or the namespace asks for more than `restricted`: compare both';
  if (message.includes('admission webhook') || message.includes('ValidatingAdmissionPolicy'))
    return 'a policy of the cluster refuses the pod: talk to whoever made it';
  if (/serviceaccount.*not found/.test(message))
    return 'wait: the operator makes the ServiceAccount; if it stays away, see its log';
  return 'mend what the message names; it is tried again';
}

export const adviceOfEvent: Readonly<Record<string, string>> = {
  FailedMount: 'create or mend the volume, Secret or ConfigMap that it names',
  FailedAttachVolume: 'see that the volume is free and in the zone of the node',
  FailedScheduling: 'add nodes, or free what the message names (CPU, memory, volumes, zones)',
  Evicted: 'the node ran out of what it names; the pod is made anew elsewhere',
};
