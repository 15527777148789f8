// Named facts of one thing, as a list of terms and values.

import type { ReactNode } from 'react';

export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <span className="quiet">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A long hex value, whole: it breaks where it must. */
export function HexText({ children }: { readonly children: string }) {
  return <span className="mono long">{children}</span>;
}
