/** Paths of our own pages, with everything in its place escaped. Pure. */

/** `pathTo('/jobs/:job', { job })`. */
export const pathTo = (pattern: string, params: Readonly<Record<string, string | number>>): string =>
  pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));

/** The path with a query of those fields that have a value. */
export function withQuery(
  path: string,
  fields: Readonly<Record<string, string | number | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
