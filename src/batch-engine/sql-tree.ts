// DuckDB's own syntax tree of a statement, as JSON. The tree is walked whole and by shape, so that a kind of node which
// nobody has thought of is met by the rules and not passed over.

export type TreeNode = { readonly [field: string]: TreeValue };
export type TreeValue = TreeNode | readonly TreeValue[] | string | number | boolean | null;

/** Answer of json_serialize_sql. */
export type Serialized =
  | {
      readonly error: false;
      readonly statements: readonly {
        readonly node: TreeNode;
        readonly named_param_map?: readonly TreeValue[];
      }[];
    }
  | {
      readonly error: true;
      readonly error_type: string;
      readonly error_message: string;
      readonly position?: string;
    };

export function isNode(value: TreeValue | undefined): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: TreeValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Where a node begins in the SQL; undefined when the parser did not say (it writes 2^64 - 1 then). */
export function offset(node: TreeNode): number | undefined {
  const { query_location: at } = node;
  return typeof at === 'number' && at < 2 ** 53 ? at : undefined;
}

/** `line 3, column 7`, of a byte offset. */
export function place(sql: string, at: number | undefined): string {
  if (at === undefined) return '';
  const before = Buffer.from(sql).subarray(0, at).toString();
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return `line ${line}, column ${column}: `;
}
