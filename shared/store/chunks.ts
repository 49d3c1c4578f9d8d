/** Rows of one multi-row statement: below SQLite's limit of 32,766 variables for the widest table. */
const chunkSize = 500;

/** Cuts a list into pieces that fit into one statement. */
export function chunks<T>(list: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let start = 0; start < list.length; start += chunkSize)
    pieces.push(list.slice(start, start + chunkSize));
  return pieces;
}
