// Access: accounts of the results store itself, for people who read their tables with tools of their own.

import type { Owner } from './port.ts';

export interface Credentials {
  /** Where the store answers this process. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Shown once: the store keeps only its hash. */
  readonly password: string;
  /** What the owner's tables are in. */
  readonly schema: string;
}

export interface Access {
  /**
   * Makes the owner's account, or gives it a new password, after which the old one is worth nothing. It may read the
   * owner's schema and the cluster's. @throws StoreDenied, StoreDiffers when somebody else made an account of this name
   */
  grant(owner: Owner): Promise<Credentials>;
  /** Has the owner an account? */
  granted(owner: Owner): Promise<boolean>;
  /** Removes the account. */
  revoke(owner: Owner): Promise<void>;
}
