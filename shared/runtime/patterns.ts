/**
 * Whether a file name follows a pattern in which `*` stands for any text, also none; everything else stands for
 * itself. Each part between stars is sought once, so that no name takes long, whatever it looks like. Pure.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const found = name.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
