// docs/errors.md, written from the catalogue, so that the two cannot disagree. `make docs` writes it; a test compares.

import { catalogue, type ErrorCode } from './errors.ts';

/** What a person needs beyond the one line, where there is more to say. */
const notes: Partial<Record<ErrorCode, string>> = {
  FinalizedContradiction: `
The pipeline holds a block as final, and the node now says that another block stands at that height. One of them is wrong: a node on
a dead fork, a development chain that was started anew, a finality depth smaller than a real reorg, or another chain with the same id.
Nothing is changed when this is seen. Compare the block at that height on a node that you trust. If the node was wrong, start again
with a good one: the pipeline goes on. If the data is wrong, or the chain was started anew, start with \`--fresh\`.`,
  DiskFull: `
Everything that was acknowledged is kept; what was being written is rolled back and written again. Free space: a role in a process of its
own then goes on by itself, \`millrace run\` is started again.`,
  LogGap: `
Records were removed by the topic's retention before the recorder had read them. The blocks they spoke of are missing in the
coverage, and so the streamer fetches them again through \`history\` once they are final. Lengthen \`topics.retention\` if it comes back.`,
  DataFolderLocked: `
The lock belongs to the process and goes with it, however it ends: there is no lock file to remove. \`millrace query\` asks the process
that holds it.`,
  DataFolderDamaged: `
The file is not what Millrace left there: cut, overwritten, or written by a newer version. Restore the folder from a backup, or start
with \`--fresh\`: everything can be read again from the chain.`,
  SqlLimit: `
Processors may take 10 minutes, a million rows and 256 MiB for a window; a query from \`millrace query\` or the page 60 seconds, 10,000
rows (\`--limit\`) and 256 MiB. Above the memory they spill to disk, up to 4 GB.`,
};

export function errorsPage(): string {
  const lines = [
    '# Errors',
    '',
    'Every error has a stable code: it begins the line that a command ends with, is a label in figures, and an anchor here. Exit codes: 2 bad',
    'input, 3 the environment, 4 the data, 1 anything else. *Retried*: Millrace tries again by itself where it can.',
  ];
  for (const code of Object.keys(catalogue).sort() as ErrorCode[]) {
    const { message, remedy, retry, exit } = catalogue[code];
    lines.push(
      '',
      `## ${code}`,
      '',
      `> ${message}`,
      '',
      `Exit ${exit}${retry ? ', retried' : ''}. To mend it: ${remedy}.`,
    );
    const note = notes[code];
    if (note) lines.push(note);
  }
  return `${lines.join('\n')}\n`;
}
