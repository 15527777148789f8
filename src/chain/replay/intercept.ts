// Wrong answers on purpose: a test names a call and what goes wrong with it, in one line.

export type Fault =
  /** A JSON-RPC error for this call. */
  | { readonly error: { readonly code: number; readonly message: string } }
  /** This value as the result of this call, whatever its type. */
  | { readonly result: unknown }
  /** The whole body, sent with status 200 in place of the answer. */
  | { readonly raw: string }
  /** An HTTP status in place of an answer. A WebSocket is closed. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The right answer, broken off in the middle. */
  | { readonly cut: true }
  /** No answer while the connection lasts. */
  | { readonly hang: true };

/** Called for every call; undefined lets it be answered rightly. A promise delays the answer. */
export type Intercept = (
  method: string,
  params: readonly unknown[],
) => Fault | undefined | Promise<Fault | undefined>;

/** The faults that concern the whole answer, not one call of a batch. */
export type TransportFault = Exclude<Fault, { readonly error: unknown } | { readonly result: unknown }>;
