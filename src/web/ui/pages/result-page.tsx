// A result table on its own page.

import { ResultPanel } from './result-panel.tsx';

export function ResultPage({ owner, name }: { readonly owner: string; readonly name: string }) {
  return <ResultPanel owner={owner} name={name} pageSize={25} heading="h1" />;
}
