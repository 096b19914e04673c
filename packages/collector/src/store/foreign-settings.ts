/** An answer that is larger than this is no table that somebody looks at. */
const MAX_RESULT_BYTES = 32 * 1024 * 1024;
/** The same as JSON, in which a byte may become six and an empty list of nothing two. It is read by the process that also receives. */
export const MAX_RESULT_CHARACTERS = 48 * 1024 * 1024;

/** Limits of a statement that somebody else wrote; `readonly = 1` comes after them, because then nothing can be set any more. */
export function foreignSettings(
  maxExecutionMs: number,
  maxMemoryBytes: number,
): readonly (readonly [name: string, value: number])[] {
  return [
    ['max_execution_time', maxExecutionMs / 1000],
    ['max_memory_usage', Math.floor(maxMemoryBytes)],
    ['max_bytes_before_external_group_by', Math.floor(maxMemoryBytes / 2)],
    ['max_bytes_before_external_sort', Math.floor(maxMemoryBytes / 2)],
    ['max_result_bytes', MAX_RESULT_BYTES],
    ['max_subquery_depth', 50],
    ['allow_ddl', 0],
    ['allow_introspection_functions', 0],
    ['output_format_json_quote_64bit_integers', 1],
  ];
}
