/** Bytes of a group, unless it is a single file: all of its files are in memory at the same time. */
const mostBytes = 1024 * 1024;

interface Sized {
  readonly mark: { readonly size: number };
}

/** Cuts a list of files into groups that are worked on together, in their order. Pure. @param mostFiles in a group */
export function* groupsOf<T extends Sized>(
  files: readonly T[],
  mostFiles: number,
): Generator<readonly T[], void> {
  let group: T[] = [];
  let bytes = 0;
  for (const file of files) {
    const { size } = file.mark;
    if (group.length === mostFiles || (group.length > 0 && bytes + size > mostBytes)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(file);
    bytes += size;
  }
  if (group.length > 0) yield group;
}
