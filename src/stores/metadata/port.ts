// The metadata port: what people leave in Millrace. So far: saved queries.

export interface SavedQuery {
  /** Unique per owner. Lower-case letters, digits and dashes. */
  readonly name: string;
  readonly owner: string;
  readonly sql: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

export interface Metadata {
  /** Makes or replaces. */
  saveQuery(query: SavedQuery): Promise<void>;
  savedQuery(owner: string, name: string): Promise<SavedQuery | undefined>;
  /** By name. */
  savedQueries(owner: string): Promise<readonly SavedQuery[]>;
  /** False when there was none. */
  deleteQuery(owner: string, name: string): Promise<boolean>;
  close(): Promise<void>;
}
