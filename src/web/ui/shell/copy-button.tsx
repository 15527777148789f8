// Puts a text on the clipboard, and says that it did. Absent where the browser lets no page do that.

import { useState } from 'react';

const saidForMs = 1500;

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState<'yes' | 'refused'>();
  // Only pages of this machine or over TLS have it.
  if (!('clipboard' in navigator)) return null;
  const copy = async () => {
    const done = await navigator.clipboard.writeText(text).then(
      () => 'yes' as const,
      () => 'refused' as const,
    );
    setCopied(done);
    setTimeout(() => setCopied(undefined), saidForMs);
  };
  return (
    <button type="button" aria-label={`Copy the ${what}`} onClick={() => void copy()}>
      {copied === undefined ? 'Copy' : copied === 'yes' ? 'Copied' : 'Not allowed'}
    </button>
  );
}
