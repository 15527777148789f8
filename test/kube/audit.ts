// Who wrote what: the API server's own audit log, which no client can pass by.

import { open, stat } from 'node:fs/promises';

export interface Write {
  /** When the answer was complete, RFC 3339. */
  readonly at: string;
  readonly user: string;
  readonly userAgent: string;
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  /** `deployments`, `pods/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status that the client was answered. */
  readonly status: number;
  /** What was sent; nothing for Secrets, tokens and what Kubernetes itself writes. */
  readonly sent: unknown;
}

export interface AuditLog {
  /** Writes since the last call, or since this was opened, with the fields asked for; oldest first. */
  writes(
    of?: Partial<Pick<Write, 'user' | 'userAgent' | 'resource' | 'namespace'>>,
  ): Promise<readonly Write[]>;
}

/** Without bodies for what is secret or nobody's question, with them for the rest; no reads. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    {
      level: 'Metadata',
      userGroups: ['system:serviceaccounts:kube-system', 'system:nodes'],
    },
    { level: 'Metadata', users: ['system:apiserver', 'system:kube-scheduler', 'kwok'] },
    { level: 'Metadata', users: ['system:kube-controller-manager'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }] },
    { level: 'Request' },
  ],
} as const;

interface AuditEvent {
  readonly stage: string;
  readonly stageTimestamp: string;
  readonly verb: Write['verb'];
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestObject?: { readonly metadata?: { readonly name?: string } };
}

/** Reads on from where the file ends now. */
export async function openAuditLog(file: string): Promise<AuditLog> {
  let at = (await stat(file)).size;
  return {
    writes: async (of = {}) => {
      const handle = await open(file);
      try {
        const length = (await handle.stat()).size - at;
        const { buffer } = await handle.read(Buffer.alloc(length), 0, length, at);
        const end = buffer.lastIndexOf('\n') + 1;
        at += end;
        const lines = buffer.subarray(0, end).toString('utf8').split('\n').filter(Boolean);
        return lines
          .map((line) => JSON.parse(line) as AuditEvent)
          .filter(({ stage, objectRef }) => stage === 'ResponseComplete' && objectRef !== undefined)
          .map(toWrite)
          .filter((write) =>
            Object.entries(of).every(([field, value]) => write[field as keyof Write] === value),
          );
      } finally {
        await handle.close();
      }
    },
  };
}

function toWrite(event: AuditEvent): Write {
  const { objectRef, requestObject } = event;
  return {
    at: event.stageTimestamp,
    user: event.user.username,
    userAgent: event.userAgent ?? '',
    verb: event.verb,
    resource: [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/'),
    namespace: objectRef?.namespace ?? '',
    name: objectRef?.name ?? requestObject?.metadata?.name ?? '',
    status: event.responseStatus?.code ?? 0,
    sent: requestObject,
  };
}
