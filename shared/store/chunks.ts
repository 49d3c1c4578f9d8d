/** Rows of one multi-row statement: below SQLite's limit of 32,766 variables for the widest table. */
const chunkSize = 500;

/** Cuts a list where the key changes: what stands side by side and has one key stays together. */
export function runs<T>(list: readonly T[], keyOf: (each: T) => string): [T, ...T[]][] {
  const pieces: [T, ...T[]][] = [];
  let last: string | undefined;
  for (const each of list) {
    const key = keyOf(each);
    if (key === last) pieces.at(-1)?.push(each);
    else pieces.push([each]);
    last = key;
  }
  return pieces;
}

/** Cuts a list into pieces that fit into one statement. */
export function chunks<T>(list: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let start = 0; start < list.length; start += chunkSize)
    pieces.push(list.slice(start, start + chunkSize));
  return pieces;
}
