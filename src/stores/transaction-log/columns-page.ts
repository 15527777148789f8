// docs/columns.md, written from columns.ts. `make docs` writes it; a test compares.

import { type ColumnType, type LogTable, tableColumns } from './columns.ts';

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  int: 'BIGINT',
  bigint: 'BIGINT',
  wei: 'DECIMAL(38, 0)',
  timestamp: 'TIMESTAMP (UTC)',
  text: 'VARCHAR',
  json: 'VARCHAR (JSON)',
};

/** Kept, but not shown to SQL: `transfers` is made of it. */
const hidden = ['transfer_value'];

export function columnsPage(): string {
  const lines = [
    '# Columns',
    '',
    'Named as in ethereum-etl. In records on the topics an absent field is null, `BIGINT` of 64 bits and `DECIMAL` are decimal text, times are Unix',
    'seconds. `extra` holds, as JSON, what a node said beyond these columns; signatures and the blooms of receipts are left to the chain.',
  ];
  for (const table of Object.keys(tableColumns) as LogTable[]) {
    lines.push('', `## ${table}`, '', '| column | type |', '| --- | --- |');
    for (const { name, type } of tableColumns[table]) {
      if (!hidden.includes(name)) lines.push(`| \`${name}\` | ${sqlTypes[type]} |`);
    }
    if (table === 'logs') lines.push('| `topics` | VARCHAR[] |');
  }
  return `${lines.join('\n')}\n`;
}
