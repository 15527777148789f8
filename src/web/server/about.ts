// What a route says of itself beside its schemas, for whoever reads the list of routes (openapi.ts).

export interface About {
  /** A line without a full stop. */
  readonly summary: string;
  /**
   * Whose token it takes: `token` anybody's, or this server's own page; `reader` answers the team's own without one;
   * `owner` answers what is the cluster's without one and what is a user's with that user's; `folder` that of the data
   * folder. Default: it takes none.
   */
  readonly caller?: 'token' | 'reader' | 'owner' | 'folder';
  /** Of a success. Default 200. */
  readonly status?: number;
  /** Media types of a success. Default JSON. */
  readonly types?: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    about?: About;
  }
}

/** Options of a route. */
export function about(summary: string, more: Omit<About, 'summary'> = {}): { config: { about: About } } {
  return { config: { about: { summary, ...more } } };
}
