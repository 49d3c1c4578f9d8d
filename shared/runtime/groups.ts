export interface GroupLimits<T> {
  /** Members of a group at most. */
  readonly count: number;
  /** What the members of a group may have together; one that has more is a group by itself. */
  readonly size: number;
  readonly sizeOf: (each: T) => number;
}

/** Cuts a list into groups that go together, in their order. Pure. */
export function groupsOf<T>(list: readonly T[], { count, size, sizeOf }: GroupLimits<T>): T[][] {
  const groups: T[][] = [];
  let total = 0;
  for (const each of list) {
    const own = sizeOf(each);
    const group = groups.at(-1);
    if (group && group.length < count && total + own <= size) {
      group.push(each);
      total += own;
    } else {
      groups.push([each]);
      total = own;
    }
  }
  return groups;
}
