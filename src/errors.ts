// The one catalogue of errors. A code is stable: it is also the condition reason, the metric label and the
// anchor in docs/errors.md. Every entry says what went wrong, where, and what to do about it.

interface Entry {
  /** One line; `{field}` is replaced by the field of that name. */
  readonly message: string;
  /** What the reader should do now; one line. */
  readonly remedy: string;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retry: boolean;
  /** Process exit code when this ends a command: 2 bad input, 3 environment, 4 data, 1 the rest. */
  readonly exit: 1 | 2 | 3 | 4;
}

const entry = (exit: Entry['exit'], message: string, remedy: string, retry = false): Entry => ({
  message,
  remedy,
  retry,
  exit,
});

export const catalogue = {
  UsageInvalid: entry(2, '{problem}', 'run the command with --help to see its options and examples'),
  ManifestUnreadable: entry(
    2,
    'cannot read the manifest {file}: {problem}',
    'check the path and the YAML syntax',
  ),
  ManifestInvalid: entry(
    2,
    '{file} has {count} problem(s)',
    'mend the fields named; `millrace explain pipeline.<field>` describes each',
  ),
  FieldUnknown: entry(2, 'there is no field {path}', 'run `millrace explain pipeline` to see the fields'),
  ConfigInvalid: entry(
    2,
    '{file} has {count} problem(s)',
    'mend the settings named, see config.yaml of the project',
  ),
  SecretMissing: entry(
    2,
    'the manifest asks for key {key} of Secret {name}, and {variable} is not set',
    'set {variable} in the environment or in `.env`',
  ),
  SecretNotFound: entry(
    2,
    '{path} names Secret {name}, which is not in namespace {namespace}',
    'create it there; this goes on by itself then',
    true,
  ),
  SecretKeyNotFound: entry(
    2,
    '{path} names key {key} of Secret {name}, which does not have it',
    'add the key to the Secret, or correct its name in the Pipeline; this goes on by itself then',
    true,
  ),
  SecretNamesCollide: entry(
    2,
    '{first} and {second} both become the variable {variable}',
    'rename one of the Secrets or keys so that they differ in letters and digits',
  ),
  ObjectForeign: entry(
    2,
    '{object} exists and is not of this pipeline: {holder}',
    'delete or rename it, or give the Pipeline another name; it was not touched, and this goes on by itself then',
    true,
  ),
  ObjectRefused: entry(
    3,
    'the API server refused {object}: {problem}',
    'mend what it names: a quota, an admission policy, the rights of the operator; this goes on by itself then',
    true,
  ),
  WorkloadNotReady: entry(
    3,
    '{workload} is not ready: {problem}',
    'mend what the pod says (`kubectl describe pod`, `kubectl logs`); this goes on by itself then',
    true,
  ),
  RolloutStuck: entry(
    3,
    '{workload} has made no progress for ten minutes: {problem}',
    'mend what the pod says, or set spec.version back; the old pods go on meanwhile',
    true,
  ),
  LeadershipLost: entry(
    3,
    'this operator leads no longer: its Lease was not renewed in time, or is held by another',
    'start it again, which Kubernetes does by itself: it waits for its turn',
    true,
  ),
  StoreManaged: entry(
    2,
    '{path} is managed, and `millrace {command}` alone has no store to manage',
    'managed stores live inside `millrace run`; give `external` with the address of a store',
  ),
  StoreUrlInvalid: entry(
    2,
    '{where} is no address of a store: {problem}',
    'write it as {scheme}://user:password@host:port,host:port, see docs/stores.md',
  ),
  StoreUnreachable: entry(
    3,
    'cannot reach {store}: {problem}',
    'check that it runs and that its address is right; this goes on by itself when it answers',
    true,
  ),
  StoreDenied: entry(
    3,
    '{store} refused {action}: {problem}',
    'check user and password, and grant what is missing; this goes on by itself then',
    true,
  ),
  StoreTooOld: entry(
    2,
    '{store} is too old: {problem}',
    'upgrade it, or give another; docs/stores.md says which versions serve',
  ),
  LogNotMade: entry(
    3,
    '{store} has no {what} yet',
    'start `millrace record`, which makes it; this goes on by itself then',
    true,
  ),
  StoreDiffers: entry(
    2,
    '{what} of {store} is not as Millrace made it: {problem}',
    'restore it, or give the pipeline another place; nothing was changed',
  ),
  SqlInvalid: entry(
    2,
    '{where}: the SQL does not parse or bind: {problem}',
    'mend the SQL; tables and columns: docs/sql.md',
  ),
  SqlDenied: entry(
    2,
    '{where}: the SQL is refused: {problem}',
    'use one SELECT over the tables and functions of docs/sql.md',
  ),
  SqlFailed: entry(4, '{where}: the SQL failed: {problem}', 'mend the SQL or the data it meets'),
  SqlLimit: entry(
    4,
    '{where}: the SQL ran over its limit: {problem}',
    'narrow the query, or raise the limit that is named',
  ),
  SparkUnusable: entry(
    3,
    'Spark cannot be used: {problem}',
    'install a JDK of version 17 (java, javac, jar) and Maven, or give engine: duckdb; this goes on by itself then',
    true,
  ),
  EndpointUnreachable: entry(
    3,
    'cannot reach {endpoint}: {problem}',
    'check that the node runs and its address is right',
    true,
  ),
  RpcMalformed: entry(
    3,
    '{endpoint} answered {method} with something unusable: {problem}',
    'check what listens at that address; another node may answer well',
    true,
  ),
  RpcRefused: entry(
    3,
    '{endpoint} refused {method}: {problem}',
    'check what the node allows, or use another node',
    true,
  ),
  RpcUnsupported: entry(3, '{endpoint} does not offer {method}', 'use a node that offers it'),
  WrongChain: entry(
    2,
    '{endpoint} serves chain {actual}, the manifest says {expected}',
    'give a node of the right chain, or correct spec.chain.ethereum.chainId',
  ),
  BlockInconsistent: entry(
    3,
    'block {block} from {endpoint} contradicts itself: {problem}',
    'the block is not used; another answer or node may be whole',
    true,
  ),
  BlockMissing: entry(
    3,
    '{endpoint} does not have block {block}',
    'use a node that keeps this history',
    true,
  ),
  ValueOutOfRange: entry(
    4,
    '{column} of {where} is {value}, beyond what its column holds',
    'report the chain; nothing was stored for this block',
  ),
  FinalizedContradiction: entry(
    4,
    'the node contradicts finalized block {number}: recorded {recorded}, now {offered}',
    'nothing was lost; find out which is right before you go on (docs/errors.md#finalizedcontradiction)',
  ),
  CursorInvalid: entry(
    4,
    'the position {cursor} does not fit the blocks kept with it: {problem}',
    'nothing was lost; start again from the finalized block, or with --fresh',
  ),
  NothingKept: entry(
    4,
    'block {number} is of {time}, older than spec.transactionLog.retention {retention}: nothing up to it is kept',
    'lengthen the retention, `forever` keeps everything',
  ),
  QueryNameInvalid: entry(
    2,
    '{name} cannot name a query',
    'use lower-case letters, digits and dashes, at most 64',
  ),
  StartUnknown: entry(
    2,
    'spec.chain.ethereum.start {start} cannot be resolved: {problem}',
    'give earliest, latest, a block number, a date or an age',
  ),
  TopicUnknown: entry(2, 'there is no topic {topic}', 'create it before it is used, or check its name'),
  TopicDiffers: entry(
    2,
    'topic {topic} exists with {actual}, asked for {expected}',
    'restore the manifest, or use a new data folder',
  ),
  TopicUndecided: entry(
    3,
    'an open transaction of another program hides what was committed to {topic}',
    'end that program, or its transaction (kafka-transactions.sh find-hanging); this goes on by itself once it is over',
    true,
  ),
  PublisherFenced: entry(
    3,
    'another publisher took over {publisher}',
    'only one streamer may publish; this one stops',
  ),
  PublishUncertain: entry(
    3,
    'it is unknown whether a publish of {publisher} was committed: {problem}',
    'this publisher publishes nothing more; its successor reads the position from the topic and goes on',
    true,
  ),
  ConsumerFenced: entry(
    3,
    'consumer group {group} moved on without this consumer',
    'another consumer owns these partitions now',
  ),
  LogGap: entry(
    4,
    'topic {topic}/{partition} no longer has offset {offset}; it begins at {first}',
    'what is missing is fetched again through history',
  ),
  RowsMissing: entry(
    4,
    'block {hash} has {actual} {kind} rows in the log, its header says {expected}',
    'the recorder has not seen them all yet; it goes on by itself',
    true,
  ),
  SegmentDamaged: entry(4, '{file} is damaged: {problem}', 'restore the file, or start again with --fresh'),
  DataFolderDamaged: entry(
    4,
    '{file} in the data folder cannot be used: {problem}',
    'restore it from a backup, or start again with --fresh',
  ),
  DataFolderOccupied: entry(
    2,
    'the folder {folder} holds {found}, which is not of Millrace',
    'give another --data DIR; nothing in this one was touched',
  ),
  DataFolderUnusable: entry(
    3,
    '{file} cannot be used: {problem}',
    'give a folder that may be written, with --data DIR',
  ),
  LockDamaged: entry(
    4,
    'the lock {file} cannot be used: {problem}',
    'make sure that no Millrace runs on this folder, then remove that file',
  ),
  PipelineGone: entry(
    3,
    'the pipeline that owns {folder} does not answer: {problem}',
    'ask again when it has started or ended',
    true,
  ),
  DataFolderLocked: entry(
    3,
    'the data folder {folder} is in use by process {pid}',
    'stop that process, or give another --data DIR',
  ),
  DataFolderForeign: entry(
    2,
    'the data folder {folder} belongs to {owner}, not to {asked}',
    'give another --data DIR, or --fresh to start over',
  ),
  DataFolderMissing: entry(2, 'there is no data in {folder}', 'run `millrace run` first, or give --data DIR'),
  DiskFull: entry(
    3,
    'no space left for {file}',
    'free some disk space and start again; everything acknowledged is kept',
  ),
  FilesExhausted: entry(
    3,
    '{where}: this process may not open more files',
    'raise its limit of open files (`ulimit -n`)',
    true,
  ),
  ShutdownTimedOut: entry(
    1,
    'not stopped within {seconds} s: {what} did not end',
    'what was in hand is done again by the next start; give more time with --shutdown-timeout',
  ),
  PortInUse: entry(3, '{address} is in use by another process', 'give another --port, or 0 for any free one'),
  ClaimLost: entry(
    3,
    'window {window} of {table} is claimed by another processor now',
    'nothing was written; the other one writes it',
    true,
  ),
  WindowExpired: entry(
    4,
    '{count} finished window(s) of processor {processor}, from {first} on, are no longer whole in the log',
    'their rows stay as they are; run again from {from} on',
  ),
  ProcessorUnknown: entry(
    2,
    'the manifest has no processor {name}; it has {known}',
    'give one of these names',
  ),
  TableUnknown: entry(
    2,
    'there is no result table {table}',
    'check its name, and that its processor has run',
  ),
  ColumnsDiffer: entry(
    2,
    'table {table} has columns {actual}, the SQL gives {expected}',
    'give the processor a new name, or restore its SQL',
  ),
  QueryUnknown: entry(2, 'there is no saved query {name}', 'list them with `millrace query --saved`'),
  UserExists: entry(
    2,
    'there is a user named {name} or with the id {id} already',
    'give another name, or another --id; `millrace user list` shows them',
  ),
  UserUnknown: entry(2, 'there is no user {name}', 'list them with `millrace user list`'),
  TokenExists: entry(
    2,
    'user/{user} has a token named {name} already',
    'give another name, or revoke that one first',
  ),
  TokenUnknown: entry(
    2,
    'user/{user} has no token named {name}',
    'list them with `millrace token list`; an expired one is gone',
  ),
  SubscriptionUnknown: entry(
    2,
    '{owner} has no subscription {name}',
    'see them under /api/subscriptions; an expired one is gone',
  ),
  ReplayInvalid: entry(
    2,
    '{file}: {problem}',
    'give NDJSON files of blocks and receipts, see docs/replay.md',
  ),
  NothingToServe: entry(2, '{problem}', 'give at least one file of blocks'),
  RequestInvalid: entry(2, '{problem}', 'mend what is named and send the request again'),
  AccessExists: entry(
    2,
    '{owner} has a database account already',
    'its password was shown when it was made: `--rotate` gives it a new one, `--revoke` removes it',
  ),
  AccessAbsent: entry(
    2,
    'the results of this pipeline are embedded: they have no database accounts',
    'read them with `millrace query` or under /api/results, or give spec.results.mariadb.external',
  ),
  RequestRefused: entry(
    2,
    '{problem}',
    'open the page at the address that is printed at the start, or send a token: `millrace token create` makes one',
  ),
  RouteUnknown: entry(
    2,
    'there is nothing at {path}',
    'open / for the pages, or /api/status for the figures',
  ),
  SearchInvalid: entry(
    2,
    '"{text}" is nothing that can be looked up: {problem}',
    'give a block number, a transaction or block hash (0x and 64 hex digits) or an address (0x and 40)',
  ),
  NotInLog: entry(
    2,
    'the log has no {what}; it holds {range}',
    'check what was asked for; what is not yet recorded comes with the backfill',
  ),
  ResultUnknown: entry(2, '{owner} has no result table {name}', 'see the tables under /api/results'),
  FileMissing: entry(
    2,
    '{owner} has no file of window {window} in {name}',
    'see its files under /api/results/<owner>/<name>/files',
  ),
  TooManyListeners: entry(
    3,
    '{count} pages are listening already',
    'close one of them, or poll /api/status',
    true,
  ),
  CrdMissing: entry(
    3,
    'the cluster does not know {crd} yet',
    'install the chart millrace-crds; the operator goes on by itself',
    true,
  ),
  CrdDiffers: entry(
    3,
    'the definition of {crd} on the cluster {problem}',
    'upgrade the chart millrace-crds to the version of the operator; until then fields may be dropped or not checked',
  ),
  KubeconfigInvalid: entry(
    2,
    '{problem}',
    'give --kubeconfig FILE or --context NAME; what runs on this machine is asked with --data or --url',
  ),
  ClusterUnreachable: entry(
    3,
    'the API server {server} does not answer: {problem}',
    'check the address in the kubeconfig and the way there',
    true,
  ),
  ClusterDenied: entry(
    3,
    'the API server {server} refused: {problem}',
    'use a context that may, or ask for the right that is named',
    true,
  ),
  ClusterRefused: entry(2, 'the API server {server} refused: {problem}', 'mend what it names'),
  PipelineUnknown: entry(
    2,
    'there is no Pipeline {name} in the namespace {namespace}',
    'see all of them with `millrace status -A`, and name another with -n',
  ),
  LagUnknown: entry(
    3,
    'it is not known how far the {role} is behind: {problem}',
    'see that its pods run, and that the operator may reach their /metrics (NetworkPolicies); until then their number stays as it is',
    true,
  ),
  BrowserUiMissing: entry(3, 'the pages are not built ({folder} is missing)', 'run `make setup`'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;
export type ErrorFields = Readonly<Record<string, string | number>>;

/** The base of every error that Millrace raises on purpose. `fields` fill the template; `details` are further lines. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;
  readonly details: readonly string[];
  override readonly name = 'MillraceError';

  constructor(
    code: ErrorCode,
    fields: ErrorFields = {},
    options: { cause?: unknown; details?: readonly string[] } = {},
  ) {
    super(
      render(catalogue[code].message, fields),
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.fields = fields;
    this.details = options.details ?? [];
  }

  get remedy(): string {
    return render(catalogue[this.code].remedy, this.fields);
  }

  get retry(): boolean {
    return catalogue[this.code].retry;
  }

  get exitCode(): number {
    return catalogue[this.code].exit;
  }
}

/** Is this the error `code`, or any error of Millrace's when no code is given? */
export function isMillraceError(error: unknown, code?: ErrorCode): error is MillraceError {
  return error instanceof MillraceError && (code === undefined || error.code === code);
}

/** One line for a person: `Code: what and where. What to do.` Unknown errors keep their own message. */
export function describeError(error: unknown): string {
  if (isMillraceError(error)) return `${error.code}: ${oneLine(error.message)}. To mend it: ${error.remedy}.`;
  return error instanceof Error ? `${error.name}: ${oneLine(error.message)}` : oneLine(String(error));
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
}

function render(template: string, fields: ErrorFields): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in fields ? String(fields[name]) : whole,
  );
}
