/**
 * True UTC in whole seconds, the one form that Apple takes. Undefined for years that four digits cannot say, and for a
 * second 60.
 */
export function appleDate(dateTime: string): string | undefined {
  const milliseconds = Date.parse(dateTime);
  const inRange = milliseconds >= 0 && milliseconds < Date.UTC(10_000, 0);
  return inRange ? `${new Date(milliseconds).toISOString().slice(0, -'.000Z'.length)}Z` : undefined;
}
