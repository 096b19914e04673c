/** A whole number of granules: what is read together is taken or left together. */
const BLOCK_ROWS = 8_192;

/**
 * Every so many-th block of rows of each part, evenly over services, names and time. As PREWHERE, because the engine would else ask
 * the dear conditions before this one, which costs nothing.
 */
export function everyBlock(every: number): string {
  return every > 1 ? `PREWHERE intDiv(_part_offset, ${BLOCK_ROWS}) % ${every} = 0` : '';
}
