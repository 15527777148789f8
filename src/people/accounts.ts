// Accounts of the results store, for who reads their tables with tools of their own: given to users, or to the whole team,
// each change written into the audit trail.

import { MillraceError } from '../errors.ts';
import type { AuditEntry, Metadata } from '../stores/metadata/port.ts';
import type { Access, Credentials } from '../stores/results/access.ts';
import type { Owner } from '../stores/results/port.ts';
import type { AuditRecorder } from './audit-recorder.ts';

export interface Accounts {
  /**
   * Makes the owner's account; its password is told this once. One that has an account gets a new password, when `rotate`
   * says so. @throws UserUnknown, RequestInvalid, AccessExists, AccessAbsent, StoreDenied, StoreDiffers, StoreUnreachable
   */
  grant(owner: Owner, options: { readonly rotate: boolean }): Promise<Credentials>;
  /** Removes the account, if there is one. @throws AccessAbsent, StoreDenied, StoreUnreachable */
  revoke(owner: Owner): Promise<void>;
}

export function createAccounts(deps: {
  /** Undefined where the results have no accounts. */
  readonly access: () => Promise<Access | undefined>;
  readonly metadata: Metadata;
  readonly audit: AuditRecorder;
  /** Who changes things through this. */
  readonly who: AuditEntry['who'];
}): Accounts {
  const { metadata, audit, who } = deps;
  const found = async (): Promise<Access> => {
    const access = await deps.access();
    if (!access) throw new MillraceError('AccessAbsent', {});
    return access;
  };
  return {
    grant: (owner, { rotate }) =>
      audit.around({ who, action: rotate ? 'access.rotate' : 'access.grant', what: owner }, async () => {
        await checkOwner(owner);
        const access = await found();
        if (!rotate && (await access.granted(owner))) throw new MillraceError('AccessExists', { owner });
        return access.grant(owner);
      }),
    revoke: (owner) =>
      audit.around({ who, action: 'access.revoke', what: owner }, async () => (await found()).revoke(owner)),
  };

  async function checkOwner(owner: Owner): Promise<void> {
    if (owner === 'cluster') return;
    const id = owner.slice('user/'.length);
    const user = await metadata.user(id);
    if (!user) throw new MillraceError('UserUnknown', { name: id });
    if (user.disabled) throw new MillraceError('RequestInvalid', { problem: `${owner} is disabled` });
  }
}
