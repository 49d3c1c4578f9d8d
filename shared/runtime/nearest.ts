/**
 * The candidate that was probably meant by a mistyped word. People rarely mistype the first letter, so names that begin
 * with it come first, and others have to be nearer. Pure.
 *
 * @returns undefined when none is near: a wrong guess leads astray
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, ...comparison(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance, farthest }) => distance <= farthest)
    .sort((a, b) => Number(b.sameStart) - Number(a.sameStart) || a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** How far a candidate is from the word, and how far it may be. */
function comparison(word: string, candidate: string) {
  const longer = Math.max(word.length, candidate.length);
  const start = commonStart(word, candidate);
  const sameStart = start > 0;
  // Another ending of the same word, like a plural.
  const isEnding = start >= 4;
  const farthest = isEnding ? longer / 2 : sameStart ? longer / 3 : longer / 4;
  return { distance: editDistance(word, candidate), farthest, sameStart };
}

function commonStart(a: string, b: string): number {
  const differing = Array.from(a).findIndex((char, at) => b[at] !== char);
  return differing === -1 ? a.length : differing;
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
