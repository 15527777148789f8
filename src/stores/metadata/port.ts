// The metadata port: who may use Millrace, what they leave in it, and what was done. All times are milliseconds since
// 1970. What has an `expiresAt` is gone from that moment on for every reader, whenever the store removes it.

/** Whose something is: the whole team's, or one user's. */
export type MetadataOwner = 'cluster' | `user/${string}`;

export interface Metadata extends Users, Tokens, Subscriptions, SavedQueries, AuditTrail {
  /** Removes what has expired. Returns how many went. */
  expire(now: number): Promise<number>;
  close(): Promise<void>;
}

export interface User {
  /** What `user/<id>` means everywhere: unique, never changes. Lower-case letters, digits and dashes. */
  readonly id: string;
  /** Unique. What people call the user: a name or an e-mail address. */
  readonly name: string;
  readonly createdAt: number;
  /** A disabled user's tokens open nothing. */
  readonly disabled: boolean;
}

export interface Users {
  /** Of several that ask for one id or name at once, one wins. @throws UserExists */
  createUser(user: User): Promise<void>;
  user(id: string): Promise<User | undefined>;
  userNamed(name: string): Promise<User | undefined>;
  /** By name. */
  users(): Promise<readonly User[]>;
  /** The user as it is now; undefined when there is none. */
  setUserDisabled(id: string, disabled: boolean): Promise<User | undefined>;
}

export interface Token {
  readonly userId: string;
  /** Unique among the user's tokens. */
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** Right to within `lastUsedStepMs`; absent until the first use. */
  readonly lastUsedAt?: number;
}

export interface NewToken extends Omit<Token, 'lastUsedAt'> {
  /** SHA-256 of the secret, 64 hex digits. The secret itself is never stored. */
  readonly secretHash: string;
}

/** A token in steady use is written once in so many milliseconds, not at every request. */
export const lastUsedStepMs = 10 * 60_000;

export interface Tokens {
  /** An expired token does not hold its name. @throws TokenExists */
  createToken(token: NewToken): Promise<void>;
  /** The user's tokens that have not expired, by name. */
  tokens(userId: string, now: number): Promise<readonly Token[]>;
  /**
   * Whom the secret stands for; undefined when it is unknown or has expired, or its user is disabled: one question to the
   * store decides. Notes the use.
   */
  tokenHolder(
    secretHash: string,
    now: number,
  ): Promise<{ readonly user: User; readonly token: Token } | undefined>;
  /** False when there was none. */
  revokeToken(userId: string, name: string): Promise<boolean>;
}

export const subscriptionTopics = ['blocks', 'transactions', 'logs'] as const;
export type SubscriptionTopic = (typeof subscriptionTopics)[number];

export interface SubscriptionFilter {
  /** Any of these takes part. 0x and 40 lower-case hex digits each. */
  readonly addresses?: readonly string[];
  /** Logs only: any of these is the first topic. 0x and 64 lower-case hex digits each. */
  readonly topic0?: readonly string[];
}

export interface Subscription {
  readonly owner: MetadataOwner;
  /** Unique per owner. */
  readonly name: string;
  readonly topic: SubscriptionTopic;
  /** A record must fit every list that is given; absent: every record. */
  readonly filter?: SubscriptionFilter;
  readonly createdAt: number;
  readonly expiresAt?: number;
}

export interface Subscriptions {
  /** Makes or replaces. */
  saveSubscription(subscription: Subscription): Promise<void>;
  subscription(owner: MetadataOwner, name: string, now: number): Promise<Subscription | undefined>;
  /** Those that have not expired, by name. */
  subscriptions(owner: MetadataOwner, now: number): Promise<readonly Subscription[]>;
  /** False when there was none. */
  deleteSubscription(owner: MetadataOwner, name: string): Promise<boolean>;
}

export interface SavedQuery {
  /** Unique per owner. Lower-case letters, digits and dashes. */
  readonly name: string;
  readonly owner: string;
  readonly sql: string;
  readonly savedAt: number;
}

export interface SavedQueries {
  /** Makes or replaces. */
  saveQuery(query: SavedQuery): Promise<void>;
  savedQuery(owner: string, name: string): Promise<SavedQuery | undefined>;
  /** By name. */
  savedQueries(owner: string): Promise<readonly SavedQuery[]>;
  /** False when there was none. */
  deleteQuery(owner: string, name: string): Promise<boolean>;
}

export interface AuditEntry {
  readonly at: number;
  /** `user/<id>`, or the way in: the data folder's token, the command line, the page on this machine, nobody known. */
  readonly who: MetadataOwner | 'folder' | 'command-line' | 'page' | 'unknown';
  /** `token.create`, `query.run`, … */
  readonly action: string;
  /** What it was done to. */
  readonly what: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly expiresAt?: number;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Goes into `before` for the page after this one; undefined on the last. */
  readonly next: string | undefined;
}

export interface AuditTrail {
  /** Entries are never changed. */
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Newest first, without what has expired. @throws RequestInvalid for a `before` that no page gave */
  audit(page: { readonly now: number; readonly limit: number; readonly before?: string }): Promise<AuditPage>;
}
