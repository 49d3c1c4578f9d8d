/** The candidate that was probably meant by a mistyped word: at most a third of it differs. Pure. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(word.length, candidate.length) / 3)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Insertions, deletions and replacements from one word to the other (Levenshtein), one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: Array.from(to).length + 1 }, (_, column) => column);
  for (const [line, fromChar] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, toChar] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (fromChar === toChar ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
