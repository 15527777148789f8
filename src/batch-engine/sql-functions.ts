// The functions that SQL from people may call. Allowed is what is pure: no files, no settings, no clock, no dice, so a
// window that runs again gives the same rows. Names as DuckDB's parser writes them, operators included.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Exact arithmetic on token amounts; uint256-functions.ts defines them. */
export const uint256Functions = words(`
  uint256 uint256_sum uint256_min uint256_max uint256_add uint256_sub uint256_compare
  uint256_eq uint256_gt uint256_ge uint256_lt uint256_le uint256_to_double
`);

export const allowedFunctions: ReadonlySet<string> = new Set([
  ...uint256Functions,
  // Operators.
  ...words('+ - * / // % || ** ^ & | << >> ~ ~~ !~~ ~~* !~~* ~~~ ^@ @ ! -> ->>'),
  ...words('not_like_escape like_escape ilike_escape not_ilike_escape'),
  // Aggregates.
  ...words(
    'count count_star count_if countif sum avg mean min max min_by max_by arg_min arg_max argmin argmax',
  ),
  ...words(
    'any_value first last bool_and bool_or bit_and bit_or bit_xor string_agg group_concat listagg list array_agg',
  ),
  ...words('median mode quantile_cont quantile_disc percentile_cont percentile_disc approx_count_distinct'),
  ...words('stddev stddev_pop stddev_samp variance var_pop var_samp covar_pop covar_samp corr product'),
  ...words('histogram grouping'),
  // Windows.
  ...words(
    'row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value',
  ),
  // Numbers.
  ...words('abs ceil ceiling floor round trunc sign greatest least even'),
  ...words('sqrt cbrt exp ln log log2 log10 pow power pi bit_count isnan isinf isfinite'),
  // Text and hex.
  ...words(
    'length len strlen char_length character_length lower upper lcase ucase concat concat_ws substring substr',
  ),
  ...words(
    'left right lpad rpad trim ltrim rtrim replace translate reverse repeat position strpos instr contains',
  ),
  ...words(
    'starts_with ends_with prefix suffix split_part string_split split str_split string_to_array chr ascii',
  ),
  ...words(
    'regexp_matches regexp_full_match regexp_replace regexp_extract format printf hex to_hex unhex from_hex',
  ),
  ...words('md5 sha1 sha256 hash encode decode like ilike'),
  // Dates: of the rows, never of the clock.
  ...words(
    'date_trunc datetrunc date_part datepart date_diff datediff date_add date_sub datesub time_bucket epoch',
  ),
  ...words(
    'epoch_ms epoch_us year quarter month week weekofyear isodow dow dayofweek day dayofmonth dayofyear hour',
  ),
  ...words(
    'minute second make_date make_timestamp to_timestamp strftime strptime last_day dayname monthname',
  ),
  ...words('to_seconds to_minutes to_hours to_days to_weeks to_months to_years'),
  // Conditions and NULL.
  ...words('coalesce nullif ifnull if isnull'),
  // Lists and JSON.
  ...words(
    'list_value array_value list_extract array_extract list_contains array_contains list_has list_filter',
  ),
  ...words(
    'list_transform list_sum list_min list_max list_count list_distinct list_sort list_position list_concat',
  ),
  ...words(
    'list_slice array_slice array_length array_to_string list_reverse flatten generate_series range unnest',
  ),
  ...words('json_extract json_extract_string json_array_length json_valid json_type to_json'),
  ...words('row struct_pack struct_extract'),
]);

export const allowedTableFunctions: ReadonlySet<string> = new Set(words('unnest generate_series range'));

/** Without brackets the parser takes these for columns, the binder for functions of the clock or the session. */
export const clockColumns: ReadonlySet<string> = new Set(
  words(`current_date current_time current_timestamp localtime localtimestamp now today get_current_timestamp
    current_user session_user user current_role current_catalog current_schema current_database`),
);

/** What to say beyond "not allowed", for functions that people reach for. */
export const denials: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    words(
      'now today current_timestamp current_date current_time get_current_timestamp transaction_timestamp',
    ).map((name) => [
      name,
      'a window that runs again must give the same rows; compare with block_timestamp instead',
    ]),
  ),
  mod: 'write %',
  multiply: 'write *',
  divide: 'write //',
  add: 'write +',
  subtract: 'write -',
  ...Object.fromEntries(
    words('random uuid gen_random_uuid uuidv4 uuidv7 setseed').map((name) => [
      name,
      'a window that runs again must give the same rows',
    ]),
  ),
};

/** Types that SQL may cast to. BIGNUM is not among them: some of its operators fall to DOUBLE without a word. */
export const allowedTypes: ReadonlySet<string> = new Set(
  words(`BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT FLOAT DOUBLE
    DECIMAL VARCHAR DATE TIMESTAMP TIMESTAMP_S TIMESTAMP_MS INTERVAL BLOB LIST NULL SQLNULL INTEGER_LITERAL STRING_LITERAL`),
);
